-- Passkeys (W3C Web Authentication, Level 3): a key that stays in its device and lets its person in without a password. Only its
-- public half is here. A challenge is good once, for five minutes, and for whoever was logged in when it was made, or for nobody.

create table passkeys (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    -- As the device made it; all that a login brings.
    credential_id bytea not null,
    -- What its person calls it. In clear: it says nothing of documents.
    name text not null,
    -- The public key, and what never changes, as webauthn_rp writes them.
    static_state bytea not null,
    -- The counter of signatures and whether the key is in a backup, as webauthn_rp writes them.
    dynamic_state bytea not null,
    -- Bits of how the device can be reached, for the browser.
    transports smallint not null,
    created_at timestamptz not null default clock_timestamp(),
    last_used_at timestamptz,
    constraint passkeys_credential_id_key unique (credential_id),
    constraint passkeys_credential_id_check check (octet_length(credential_id) between 16 and 1023),
    constraint passkeys_name_check check (char_length(name) between 1 and 100),
    constraint passkeys_static_state_check check (octet_length(static_state) between 1 and 4096),
    constraint passkeys_dynamic_state_check check (octet_length(dynamic_state) = 7),
    constraint passkeys_transports_check check (transports between 0 and 255)
);

create index passkeys_user_id_idx on passkeys (user_id);

alter table passkeys enable row level security;
alter table passkeys force row level security;

create policy passkeys_of_actor on passkeys to untxt_backend
    using (user_id = (select current_actor()))
    with check (user_id = (select current_actor()));

grant select, delete on passkeys to untxt_backend;
grant insert (id, user_id, credential_id, name, static_state, dynamic_state, transports),
    update (dynamic_state, last_used_at) on passkeys to untxt_backend;

-- For find_passkey() below, which runs as the owner.
create policy passkeys_before_login on passkeys for select to untxt_owner
    using (true);

create table passkey_challenges (
    -- SHA-256 of the challenge.
    challenge_hash bytea primary key,
    -- Who adds a passkey; null: somebody shows one.
    user_id uuid references users (id) on delete cascade,
    -- What the answer is held to, as webauthn_rp writes it.
    state bytea not null,
    expires_at timestamptz not null default clock_timestamp() + interval '5 minutes',
    constraint passkey_challenges_challenge_hash_check check (octet_length(challenge_hash) = 32),
    constraint passkey_challenges_state_check check (octet_length(state) between 1 and 4096)
);

create index passkey_challenges_expires_at_idx on passkey_challenges (expires_at);
create index passkey_challenges_user_id_idx on passkey_challenges (user_id);

alter table passkey_challenges enable row level security;
alter table passkey_challenges force row level security;

-- For the functions below, which run as the owner. Nobody else sees or changes a row.
create policy passkey_challenges_before_login on passkey_challenges to untxt_owner
    using (true)
    with check (true);

-- Remembers a challenge, for the actor or for nobody, and forgets those that nobody answered.
create function begin_passkey_challenge(challenge bytea, held_to bytea) returns void
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    delete from public.passkey_challenges
    where challenge_hash in (
        select c.challenge_hash
        from public.passkey_challenges c
        where c.expires_at <= clock_timestamp()
        order by c.expires_at
        limit 100
        for update skip locked
    );
    insert into public.passkey_challenges (challenge_hash, user_id, state)
    values (challenge, public.current_actor(), held_to);
$$;

-- Takes such a row away, and gives what the answer is held to: it is good once, and for the actor that it began with.
create function take_passkey_challenge(challenge bytea) returns bytea
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with taken as (
        delete from public.passkey_challenges c
        where c.challenge_hash = challenge and c.user_id is not distinct from public.current_actor()
        returning c.state, c.expires_at
    )
    select taken.state from taken where taken.expires_at > clock_timestamp()
$$;

-- Finds whose passkey this is, before there is an actor. Who is disabled is nobody.
create function find_passkey(wanted bytea) returns uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select passkeys.user_id
    from public.passkeys
    join public.users on users.id = passkeys.user_id
    where passkeys.credential_id = wanted and users.disabled_at is null
$$;

grant execute on function begin_passkey_challenge(bytea, bytea), take_passkey_challenge(bytea), find_passkey(bytea)
    to untxt_backend;
