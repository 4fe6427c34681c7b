-- People come by invitation, are disabled and enabled, and see where they are logged in. And what is remembered of failed
-- logins is remembered here, for all processes and after a restart; unlogged, because a crash may lose minutes of it.

drop function find_credentials(text);

create function find_credentials(wanted_login text)
    returns table (
        id uuid,
        login text,
        password_hash text,
        role text,
        created_at timestamptz,
        locked_seconds double precision,
        is_disabled boolean
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
            extract(epoch from users.locked_until - clock_timestamp())::double precision,
            users.disabled_at is not null
        from public.users
        where users.login = lower(wanted_login);
    end;

grant execute on function find_credentials(text) to untxt_backend;

-- Browser and system, of short lists; never what the browser sent.
alter table sessions add column device text;
-- When this person last proved who they are; administration and keys ask for it again after a while.
alter table sessions add column verified_at timestamptz not null default clock_timestamp();
alter table sessions add constraint sessions_device_check check (device ~ '^[A-Za-z ]{1,60}$');

grant update (device, verified_at) on sessions to untxt_backend;
-- A new id for the same login ends when the old one would have.
grant insert (device, verified_at) on sessions to untxt_backend;

create unlogged table login_failures (
    -- 'address': a network; 'stranger': a login that nobody has.
    kind text not null,
    -- Keyed hash: a password typed into the wrong field must not be found here.
    mark bytea not null,
    count integer not null,
    last_at timestamptz not null default clock_timestamp(),
    until_at timestamptz not null,
    constraint login_failures_pkey primary key (kind, mark),
    constraint login_failures_kind_check check (kind in ('address', 'stranger')),
    constraint login_failures_mark_check check (octet_length(mark) = 32)
);

create index login_failures_last_at_idx on login_failures (last_at);

alter table login_failures enable row level security;
alter table login_failures force row level security;

-- Of nobody in particular: it is asked before there is an actor, and only then.
create policy login_failures_before_login on login_failures to untxt_backend
    using ((select current_actor()) is null)
    with check ((select current_actor()) is null);

grant select, insert, update, delete on login_failures to untxt_backend;

create table invitations (
    id uuid primary key,
    login text not null,
    role text not null,
    -- SHA-256 of 256 random bits.
    secret_hash bytea not null,
    -- Who invites.
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null default clock_timestamp() + interval '7 days',
    constraint invitations_login_key unique (login),
    constraint invitations_secret_hash_key unique (secret_hash),
    constraint invitations_secret_hash_check check (octet_length(secret_hash) = 32),
    constraint invitations_login_check check (login = lower(login) and char_length(login) between 1 and 254),
    constraint invitations_role_check check (role in ('user', 'reviewer', 'auditor', 'admin'))
);

create index invitations_user_id_idx on invitations (user_id);

alter table invitations enable row level security;
alter table invitations force row level security;

create policy invitations_of_admins on invitations to untxt_backend
    using ((select is_admin()))
    with check ((select is_admin()) and user_id = (select current_actor()));

-- For take_invitation() below, which runs as the owner.
create policy invitations_before_account on invitations to untxt_owner
    using (true);

grant select, delete on invitations to untxt_backend;
grant insert (id, login, role, secret_hash, user_id) on invitations to untxt_backend;

-- Gives what an invitation says and takes it away: it is good once. Whoever invited must still be able to.
create function take_invitation(presented bytea)
    returns table (invitation_id uuid, login text, role text)
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        delete from public.invitations
        using public.users
        where
            invitations.secret_hash = presented
            and invitations.expires_at > clock_timestamp()
            and users.id = invitations.user_id
            and users.role = 'admin'
            and users.disabled_at is null
        returning invitations.id, invitations.login, invitations.role;
    end;

grant execute on function take_invitation(bytea) to untxt_backend;

-- What administrators do with the accounts of others. Each asks who is asking, because it runs as the owner of the tables.

create policy users_for_admins on users for update to untxt_owner
    using ((select is_admin()));
create policy sessions_for_admins on sessions for update to untxt_owner
    using ((select is_admin()));
create policy api_tokens_for_admins on api_tokens for delete to untxt_owner
    using ((select is_admin()));

create function list_users(max_rows bigint)
    returns table (
        id uuid,
        login text,
        role text,
        created_at timestamptz,
        disabled_at timestamptz
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select id, login, role, created_at, disabled_at
    from public.users
    where (select public.is_admin())
    order by login
    limit max_rows
$$;

-- Ends every login of a person; whoever holds a socket of one is told by the trigger of that table.
create function end_sessions_of(person uuid) returns void
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    update public.sessions
    set ended_at = clock_timestamp()
    where user_id = person and ended_at is null and public.is_admin()
$$;

-- False: there is nobody like that, or it is the administrator itself, who would lock itself out.
create function disable_user(person uuid) returns boolean
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.users
    set disabled_at = coalesce(disabled_at, clock_timestamp())
    where id = person and id <> public.current_actor() and public.is_admin();
    if not found then
        return false;
    end if;
    perform public.end_sessions_of(person);
    delete from public.api_tokens where user_id = person;
    return true;
end
$$;

create function enable_user(person uuid) returns boolean
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.users set disabled_at = null where id = person and public.is_admin();
    return found;
end
$$;

-- A new password that an administrator gives, with the end of every login.
create function replace_password(person uuid, hash text) returns boolean
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.users
    set password_hash = hash, failed_logins = 0, locked_until = null
    where id = person and public.is_admin();
    if not found then
        return false;
    end if;
    perform public.end_sessions_of(person);
    return true;
end
$$;

grant execute on function list_users(bigint), disable_user(uuid), enable_user(uuid), replace_password(uuid, text)
    to untxt_backend;
