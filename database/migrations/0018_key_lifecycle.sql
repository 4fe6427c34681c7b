-- The life of an owner's keys: pending, active, retired, destroyed; or compromised. One version is active and seals what is
-- new. Retired ones still open what they sealed, until their wrapped document keys are wrapped anew and a grace period
-- is over; then they are destroyed, which can't be undone. The index key goes with the owner key from version to
-- version (its generation stays) until somebody asks for a new one.

-- What the functions below, and this migration, do as the owner of the tables.
create policy owner_keys_for_upkeep on owner_keys to untxt_owner
    using (true)
    with check (true);

create policy documents_for_upkeep on documents for select to untxt_owner
    using (true);

alter table owner_keys
    add column state text not null default 'active',
    add column index_generation integer not null default 1,
    -- Before, the root key wrapped the index key too; now the owner key beside it does.
    add column index_wrapped_by text not null default 'root',
    -- How many keys it has wrapped: one key may not be used with 2^32 random nonces (NIST SP 800-38D §8.3).
    add column wraps bigint not null default 0,
    add column wrapped_at timestamptz not null default clock_timestamp(),
    add column retired_at timestamptz,
    add column destroyed_at timestamptz,
    alter column wrapped drop not null,
    alter column wrapped_index_key drop not null,
    add constraint owner_keys_state_check check (
        state in ('pending', 'active', 'retired', 'compromised', 'destroyed')
    ),
    add constraint owner_keys_index_generation_check check (index_generation > 0),
    add constraint owner_keys_index_wrapped_by_check check (index_wrapped_by in ('root', 'owner')),
    add constraint owner_keys_wraps_check check (wraps >= 0 and wraps < 4294967296),
    add constraint owner_keys_retired_check check (
        (retired_at is not null) = (state in ('retired', 'compromised', 'destroyed'))
    ),
    add constraint owner_keys_destroyed_check check (
        case state
            when 'destroyed' then wrapped is null and wrapped_index_key is null and destroyed_at is not null
            else wrapped is not null and wrapped_index_key is not null and destroyed_at is null
        end
    );

update owner_keys
set
    wrapped_at = created_at,
    wraps = (
        select count(*)
        from documents d
        where d.owner_id = owner_keys.owner_id and d.owner_key_version = owner_keys.version
    );

create unique index owner_keys_active_idx on owner_keys (owner_id) where state = 'active';
-- What has to be wrapped anew.
create index owner_keys_kms_key_id_idx on owner_keys (kms_key_id) where state <> 'destroyed';
create index documents_owner_key_idx on documents (owner_id, owner_key_version);

-- A destroyed key never comes back, and an old one never becomes active again.
create function guard_key_state() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if new.state is distinct from old.state and not (
        (old.state = 'pending' and new.state in ('active', 'destroyed'))
        or (old.state = 'active' and new.state in ('retired', 'compromised'))
        or (old.state = 'retired' and new.state in ('compromised', 'destroyed'))
        or (old.state = 'compromised' and new.state = 'destroyed')
    ) then
        raise exception 'a key never goes from % to %', old.state, new.state
            using errcode = 'check_violation', table = 'owner_keys', constraint = 'owner_keys_state_order';
    end if;
    return new;
end
$$;

create trigger owner_keys_state_order
    before update of state on owner_keys
    for each row
    execute function guard_key_state();

-- A document is only ever stored under a key that opens. The lock makes whoever destroys the key wait, or be waited for.
create function guard_document_key() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform
    from public.owner_keys k
    where k.owner_id = new.owner_id and k.version = new.owner_key_version
        -- A key that is wrapped anew goes to the active one only; an upload may be a slow one.
        and (k.state = 'active' or (tg_op = 'INSERT' and k.state in ('retired', 'compromised')))
    for key share;
    if not found then
        raise exception 'version % of the owner key seals nothing', new.owner_key_version
            using errcode = 'foreign_key_violation', table = 'documents', constraint = 'documents_owner_key_state';
    end if;
    return new;
end
$$;

create trigger documents_owner_key_state
    before insert or update of owner_key_version on documents
    for each row
    execute function guard_document_key();

create function count_wraps() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.owner_keys k
    set wraps = k.wraps + sealed.documents
    from (select owner_id, owner_key_version, count(*) as documents from changed group by 1, 2) as sealed
    where k.owner_id = sealed.owner_id and k.version = sealed.owner_key_version;
    return null;
end
$$;

create trigger documents_count_inserted
    after insert on documents
    referencing new table as changed
    for each statement
    execute function count_wraps();

-- Whatever changes of a document: too high a count does no harm.
create trigger documents_count_updated
    after update on documents
    referencing new table as changed
    for each statement
    execute function count_wraps();

-- A worker keeps keys up, in the name of their owner.
drop policy owner_keys_for_reading on owner_keys;

create policy owner_keys_of_owner on owner_keys to untxt_worker
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy documents_for_rewrapping on documents for update to untxt_worker
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

grant insert (owner_id, version, kms_key_id, wrapped, wrapped_index_key, index_generation, index_wrapped_by, state)
    on owner_keys to untxt_worker;
grant update (
    kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, wrapped_at, state, retired_at, destroyed_at
) on owner_keys to untxt_worker;
grant update (owner_key_version, wrapped_key) on documents to untxt_worker;

-- What was done with keys: ids, versions and counts; never a key, never anything of a document. Rows are only added.
create table key_events (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    -- Whose key; null: a root key.
    owner_id uuid,
    operation text not null,
    -- Version of the owner key; null: a root key.
    version integer,
    kms_key_id text,
    -- How many keys were wrapped anew at once.
    count bigint,
    constraint key_events_operation_check check (operation in (
        'created', 'activated', 'retired', 'compromised', 'rewrapped', 'documents_rewrapped', 'destroyed', 'refused',
        'root_created', 'root_destroyed'
    ))
);

create index key_events_owner_id_idx on key_events (owner_id, id desc);
create index key_events_root_destroyed_idx on key_events (kms_key_id) where operation = 'root_destroyed';

alter table key_events enable row level security;
alter table key_events force row level security;

create policy key_events_of_actor on key_events for select to untxt_backend
    using (owner_id = (select current_actor()));

create policy key_events_by_backend on key_events for insert to untxt_backend
    with check (owner_id = (select current_actor()));

create policy key_events_by_worker on key_events for insert to untxt_worker
    with check (true);

create policy key_events_for_worker on key_events for select to untxt_worker
    using (true);

grant select, insert (owner_id, operation, version, kms_key_id, count) on key_events to untxt_backend, untxt_worker;

create policy key_events_for_upkeep on key_events for select to untxt_owner
    using (true);

-- An owner key is only ever stored under a root key that has not been destroyed. The lock makes whoever destroys root keys
-- wait, or be waited for: it is `ROOT_KEYS_LOCK` of the code.
create function guard_root_key() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_advisory_xact_lock_shared(93794910884946);
    if exists (
        select from public.key_events e where e.operation = 'root_destroyed' and e.kms_key_id = new.kms_key_id
    ) then
        raise exception 'the root key % was destroyed', new.kms_key_id
            using errcode = 'check_violation', table = 'owner_keys', constraint = 'owner_keys_root_key';
    end if;
    return new;
end
$$;

create trigger owner_keys_root_key
    before insert or update of kms_key_id on owner_keys
    for each row
    execute function guard_root_key();

-- Owners of whose keys something is to be done: the active one is too old or has wrapped too much, one is pending, one is
-- wrapped by another root key than `root` or in the old manner, documents are under another than the active one, or a
-- key that nobody needs is to be destroyed. In the order of their ids, those after `after`.
create function list_key_upkeep(root text, max_age interval, grace interval, after uuid, max_rows bigint)
    returns table (owner_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select distinct k.owner_id
    from public.owner_keys k
    where session_user = 'untxt_worker'
        and k.state <> 'destroyed'
        and (after is null or k.owner_id > after)
        and (
            k.state = 'pending'
            or k.kms_key_id <> root
            or k.index_wrapped_by = 'root'
            or (k.state = 'active' and (k.created_at < clock_timestamp() - max_age or k.wraps >= 2147483648))
            or (
                k.state in ('retired', 'compromised')
                and (
                    k.retired_at < clock_timestamp() - grace
                    or exists (
                        select
                        from public.documents d
                        where d.owner_id = k.owner_id and d.owner_key_version = k.version
                    )
                )
            )
        )
    order by k.owner_id
    limit max_rows
$$;

-- All keys in numbers, by root key and state; `oldest` is the age in seconds.
create function count_keys()
    returns table (kms_key_id text, state text, keys bigint, owners bigint, oldest double precision)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select
        k.kms_key_id,
        k.state,
        count(*),
        count(distinct k.owner_id),
        extract(epoch from clock_timestamp() - min(k.created_at))::double precision
    from public.owner_keys k
    where session_user = 'untxt_worker'
    group by k.kms_key_id, k.state
$$;

-- How many documents are not under the active key of their owner.
create function count_documents_under_older_keys() returns bigint
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select count(*)
    from public.owner_keys k
    join public.documents d on d.owner_id = k.owner_id and d.owner_key_version = k.version
    where session_user = 'untxt_worker' and k.state in ('retired', 'compromised')
$$;

-- Root keys that wrap something. Whoever asks destroys what is not in the list, so who may not see it gets no list.
create function list_used_root_keys() returns table (kms_key_id text)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if session_user <> 'untxt_worker' then
        raise exception 'only a worker may ask' using errcode = 'insufficient_privilege';
    end if;
    return query select distinct k.kms_key_id from public.owner_keys k where k.state <> 'destroyed';
end
$$;

grant execute on function
    list_key_upkeep(text, interval, interval, uuid, bigint), count_keys(), count_documents_under_older_keys(),
    list_used_root_keys()
    to untxt_worker;
