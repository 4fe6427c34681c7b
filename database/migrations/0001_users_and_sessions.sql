-- People and their logins, and the ground for every later table: who may touch the schema, and who is acting.
--
-- Row-level security is the second wall behind the code: `untxt.actor` is set for each transaction, and a query without
-- an actor finds nothing. It is forced, so that it holds for the owner of the tables too.

alter default privileges for role untxt_owner revoke execute on functions from public;

grant usage on schema public to untxt_backend, untxt_worker;

create function current_actor() returns uuid
    language sql
    stable
    parallel safe
    set search_path = pg_catalog
    return nullif(current_setting('untxt.actor', true), '')::uuid;

grant execute on function current_actor() to untxt_backend, untxt_worker;

create table users (
    id uuid primary key,
    login text not null,
    password_hash text not null,
    role text not null,
    created_at timestamptz not null default clock_timestamp(),
    failed_logins integer not null default 0,
    locked_until timestamptz,
    constraint users_login_key unique (login),
    constraint users_login_check check (login = lower(login) and char_length(login) between 1 and 254),
    constraint users_role_check check (role in ('user', 'admin')),
    constraint users_failed_logins_check check (failed_logins >= 0)
);

alter table users enable row level security;
alter table users force row level security;

create policy users_of_actor on users to untxt_backend
    using (id = (select current_actor()))
    with check (id = (select current_actor()));

-- For find_credentials() and is_any_user() below, which run as the owner.
create policy users_before_login on users for select to untxt_owner
    using (true);

grant select on users to untxt_backend;
grant insert (id, login, password_hash, role) on users to untxt_backend;
grant update (password_hash, failed_logins, locked_until) on users to untxt_backend;

-- The one question that is asked before there is an actor. One row at most, never a list.
create function find_credentials(wanted_login text)
    returns table (
        id uuid,
        login text,
        password_hash text,
        role text,
        created_at timestamptz,
        locked_seconds double precision
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        select
            users.id,
            users.login,
            users.password_hash,
            users.role,
            users.created_at,
            extract(epoch from users.locked_until - clock_timestamp())::double precision
        from public.users
        where users.login = lower(wanted_login);
    end;

create function is_any_user() returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        select exists (select from public.users);
    end;

grant execute on function find_credentials(text), is_any_user() to untxt_backend;

create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    refresh_hash bytea not null,
    previous_refresh_hash bytea,
    created_at timestamptz not null default clock_timestamp(),
    rotated_at timestamptz not null default clock_timestamp(),
    last_used_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    constraint sessions_refresh_hash_key unique (refresh_hash),
    constraint sessions_refresh_hash_check check (octet_length(refresh_hash) = 32),
    constraint sessions_previous_refresh_hash_check check (octet_length(previous_refresh_hash) = 32)
);

create index sessions_user_id_idx on sessions (user_id);
create index sessions_previous_refresh_hash_idx on sessions (previous_refresh_hash)
    where previous_refresh_hash is not null;

alter table sessions enable row level security;
alter table sessions force row level security;

create policy sessions_of_actor on sessions to untxt_backend
    using (user_id = (select current_actor()))
    with check (user_id = (select current_actor()));

-- For find_session_by_refresh_hash() below, which runs as the owner.
create policy sessions_before_refresh on sessions for select to untxt_owner
    using (true);

grant select on sessions to untxt_backend;
grant insert (id, user_id, refresh_hash, expires_at) on sessions to untxt_backend;
grant update (refresh_hash, previous_refresh_hash, rotated_at, last_used_at, ended_at) on sessions to untxt_backend;

-- A refresh token is 256 random bits: who has it may learn whose session it is.
create function find_session_by_refresh_hash(presented bytea)
    returns table (session_id uuid, user_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        select
            sessions.id,
            sessions.user_id
        from public.sessions
        where sessions.refresh_hash = presented or sessions.previous_refresh_hash = presented
        limit 1;
    end;

grant execute on function find_session_by_refresh_hash(bytea) to untxt_backend;

-- Whoever holds something open for this session (a socket) is told that it ended. Ids only.
create function notify_session_ended() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_notify('session_ended', json_build_object('user', new.user_id, 'session', new.id)::text);
    return null;
end
$$;

create trigger sessions_notify_ended
    after update of ended_at on sessions
    for each row
    when (old.ended_at is null and new.ended_at is not null)
    execute function notify_session_ended();
