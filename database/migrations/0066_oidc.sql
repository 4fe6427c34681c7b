-- Logins of providers (OpenID Connect). An identity is what a provider calls a person, kept as a hash: nothing has to read it back.
-- Whoever is sent to a provider leaves a row until they come back: of what their browser keeps, as a hash. It is good once, for ten
-- minutes of this server's clock, and for whoever was logged in when it began, or for nobody.

-- Whoever came by a provider has no password until they set one by another way.
alter table users add column has_password boolean not null default true;
grant insert (has_password) on users to untxt_backend;

create function note_password() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    new.has_password := true;
    return new;
end
$$;

create trigger users_note_password
    before update of password_hash on users
    for each row
    execute function note_password();

create table identities (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    -- The name of the provider in the settings.
    provider text not null,
    -- SHA-256 of issuer and subject.
    subject_hash bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    last_used_at timestamptz,
    constraint identities_subject_hash_key unique (subject_hash),
    constraint identities_provider_check check (provider ~ '^[a-z0-9-]{1,40}$'),
    constraint identities_subject_hash_check check (octet_length(subject_hash) = 32)
);

create index identities_user_id_idx on identities (user_id);

alter table identities enable row level security;
alter table identities force row level security;

create policy identities_of_actor on identities to untxt_backend
    using (user_id = (select current_actor()))
    with check (user_id = (select current_actor()));

grant select, delete on identities to untxt_backend;
grant insert (id, user_id, provider, subject_hash, last_used_at), update (last_used_at) on identities to untxt_backend;

-- For find_identity() below, which runs as the owner.
create policy identities_before_login on identities for select to untxt_owner
    using (true);

create table pending_logins (
    -- SHA-256 of 256 random bits that only the browser has.
    browser_hash bytea primary key,
    provider text not null,
    -- Who ties the identity to themselves; null: somebody logs in.
    user_id uuid references users (id) on delete cascade,
    expires_at timestamptz not null default clock_timestamp() + interval '10 minutes',
    constraint pending_logins_browser_hash_check check (octet_length(browser_hash) = 32),
    constraint pending_logins_provider_check check (provider ~ '^[a-z0-9-]{1,40}$')
);

create index pending_logins_expires_at_idx on pending_logins (expires_at);
create index pending_logins_user_id_idx on pending_logins (user_id);

alter table pending_logins enable row level security;
alter table pending_logins force row level security;

-- For the functions below, which run as the owner. Nobody else sees or changes a row.
create policy pending_logins_before_login on pending_logins to untxt_owner
    using (true)
    with check (true);

-- Remembers a browser that is sent to a provider, for the actor or for nobody, and forgets those that never came back.
create function begin_pending_login(browser bytea, wanted_provider text) returns void
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    delete from public.pending_logins
    where browser_hash in (
        select p.browser_hash
        from public.pending_logins p
        where p.expires_at <= clock_timestamp()
        order by p.expires_at
        limit 100
        for update skip locked
    );
    insert into public.pending_logins (browser_hash, provider, user_id)
    values (browser, wanted_provider, public.current_actor());
$$;

-- Takes such a row away: it is good once, with the provider and for the actor that it began with.
create function take_pending_login(browser bytea, came_from text) returns boolean
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with taken as (
        delete from public.pending_logins p
        where p.browser_hash = browser
        returning p.provider, p.user_id, p.expires_at
    )
    select exists (
        select from taken
        where
            taken.provider = came_from
            and taken.user_id is not distinct from public.current_actor()
            and taken.expires_at > clock_timestamp()
    )
$$;

-- Finds whose identity this is, before there is an actor. Who is disabled is nobody.
create function find_identity(wanted bytea) returns uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select identities.user_id
    from public.identities
    join public.users on users.id = identities.user_id
    where identities.subject_hash = wanted and users.disabled_at is null
$$;

grant execute on function begin_pending_login(bytea, text), take_pending_login(bytea, text), find_identity(bytea)
    to untxt_backend;
