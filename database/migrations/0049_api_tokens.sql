-- Tokens for programs, which have no browser and no password: random, stored only as a hash, for some scopes and some time.
-- And people who are disabled: their tokens open nothing, whatever else they have is ended when they are.

alter table users add column disabled_at timestamptz;

create table api_tokens (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    -- What its person calls it. In clear: it says nothing of documents.
    name text not null,
    -- SHA-256 of 256 random bits: nothing can be guessed from it.
    secret_hash bytea not null,
    scopes text[] not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    constraint api_tokens_secret_hash_key unique (secret_hash),
    constraint api_tokens_secret_hash_check check (octet_length(secret_hash) = 32),
    constraint api_tokens_name_check check (char_length(name) between 1 and 100),
    constraint api_tokens_scopes_check check (cardinality(scopes) between 1 and 32 and array_position(scopes, null) is null),
    constraint api_tokens_expires_at_check check (expires_at between created_at and created_at + interval '366 days')
);

create index api_tokens_user_id_idx on api_tokens (user_id);

alter table api_tokens enable row level security;
alter table api_tokens force row level security;

create policy api_tokens_of_actor on api_tokens to untxt_backend
    using (user_id = (select current_actor()))
    with check (user_id = (select current_actor()));

-- For find_api_token() below, which runs as the owner.
create policy api_tokens_before_entry on api_tokens for select to untxt_owner
    using (true);

grant select, delete on api_tokens to untxt_backend;
grant insert (id, user_id, name, secret_hash, scopes, expires_at) on api_tokens to untxt_backend;
grant update (last_used_at) on api_tokens to untxt_backend;

-- A token is 256 random bits: who has it may learn whose it is.
create function find_api_token(presented bytea)
    returns table (token_id uuid, user_id uuid, scopes text[])
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        select
            api_tokens.id,
            api_tokens.user_id,
            api_tokens.scopes
        from public.api_tokens
        where api_tokens.secret_hash = presented and api_tokens.expires_at > clock_timestamp();
    end;

grant execute on function find_api_token(bytea) to untxt_backend;

-- Makes a person the actor of this transaction, if the token is theirs and good and they are not disabled, and gives their
-- role. Otherwise there is no actor, and the role is null. The token counts as used; that is written at most once a minute,
-- and by one of many requests at once, so that they don't wait for each other.
-- Not as the owner of the tables: row-level security holds in here too.
create function enter_api_token(person uuid, which uuid) returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    as $$
declare
    used timestamptz;
    role text;
begin
    perform set_config('untxt.actor', person::text, true);
    select
        api_tokens.last_used_at,
        users.role
    into used, role
    from public.api_tokens
    join public.users on users.id = api_tokens.user_id
    where
        api_tokens.id = which
        and api_tokens.user_id = person
        and api_tokens.expires_at > clock_timestamp()
        and users.disabled_at is null;
    if not found then
        perform set_config('untxt.actor', '', true);
        return null;
    end if;
    if used is null or used < clock_timestamp() - interval '1 minute' then
        update public.api_tokens
        set last_used_at = clock_timestamp()
        where id = (select id from public.api_tokens where id = which for no key update skip locked);
    end if;
    return role;
end
$$;

grant execute on function enter_api_token(uuid, uuid) to untxt_backend;
