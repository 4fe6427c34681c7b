-- New index keys. Until now an owner's index key went on for ever, because keyed tags (is this the file that came with this
-- idempotency key?) were made with it as well as tokens of search. Tags get a key of their own, the tag key; then the index
-- key may be replaced: new pages get tokens under the new one, old ones by and by, and both are asked meanwhile.

alter table owner_keys
    -- Null: as in earlier versions, the index key is the tag key as well. A worker wraps it for itself.
    add column wrapped_tag_key bytea,
    -- As index_generation: the version of the owner key that this key came with.
    add column tag_generation integer not null default 1,
    add constraint owner_keys_tag_generation_check check (tag_generation > 0),
    add constraint owner_keys_tag_key_check check (
        case state
            when 'destroyed' then wrapped_tag_key is null
            else wrapped_tag_key is not null or (index_generation = 1 and tag_generation = 1)
        end
    );

grant insert (wrapped_tag_key, tag_generation), update (wrapped_tag_key) on owner_keys to untxt_worker;

-- As in migration 18; whoever destroys a key, an earlier version of the program too, destroys all of it.
create or replace function guard_key_state() returns trigger
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
    if new.state = 'destroyed' then
        new.wrapped_tag_key := null;
    end if;
    return new;
end
$$;

create policy search_segments_for_upkeep on search_segments for select to untxt_owner
    using (true);

-- A segment is only ever begun under an index key that opens, and that is not destroyed while there are segments under it.
-- The lock makes whoever destroys the key wait, or be waited for.
create function guard_search_segment() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform
    from public.owner_keys k
    where k.owner_id = new.owner_id
        and k.index_generation = new.index_generation
        and k.state in ('active', 'retired', 'compromised')
    order by k.version
    for key share;
    if not found then
        raise exception 'the index key % is destroyed', new.index_generation
            using errcode = 'foreign_key_violation', table = 'search_segments', constraint = 'search_segments_index_key';
    end if;
    return null;
end
$$;

-- After it: a page that is counted into a segment that is there asks nothing.
create trigger search_segments_index_key
    after insert on search_segments
    for each row
    execute function guard_search_segment();

-- Owners with pages that are not in the index: read before there was one, or brought by a backup of then. Since then a page
-- is stored with its row. A worker takes out an owner whose pages all have one.
create table search_gaps (
    owner_id uuid primary key,
    found_at timestamptz not null default clock_timestamp()
);

alter table search_gaps enable row level security;
alter table search_gaps force row level security;

create policy search_gaps_of_actor on search_gaps for select to untxt_backend
    using (owner_id = (select current_actor()));

create policy search_gaps_for_work on search_gaps to untxt_worker
    using (true)
    with check (true);

create policy search_gaps_for_upkeep on search_gaps to untxt_owner
    using (true)
    with check (true);

grant select on search_gaps to untxt_backend;
grant select, insert (owner_id), delete on search_gaps to untxt_worker;

insert into search_gaps (owner_id)
select distinct p.owner_id
from pages p
where p.state = 'done'
    and not exists (select from search_pages s where s.task_id = p.task_id and s.page_number = p.page_number);

-- Owners with rows under an older index key than that of now, how many rows these are, and the key of now.
create function list_index_rebuilds(max_rows bigint)
    returns table (owner_id uuid, index_generation integer, pages bigint)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select
        k.owner_id,
        k.index_generation,
        (
            select count(*)
            from public.search_pages p
            where p.owner_id = k.owner_id and p.index_generation < k.index_generation
        )
    from public.owner_keys k
    where session_user = 'untxt_worker'
        and k.state = 'active'
        and exists (
            select
            from public.search_segments s
            where s.owner_id = k.owner_id and s.index_generation < k.index_generation
        )
    order by k.owner_id
    limit max_rows
$$;

grant execute on function list_index_rebuilds(bigint) to untxt_worker;

-- The record of keys tells of index and tag keys, too.
alter table key_events
    drop constraint key_events_operation_check,
    add constraint key_events_operation_check check (operation in (
        'created', 'activated', 'retired', 'compromised', 'rewrapped', 'documents_rewrapped', 'labels_rewrapped',
        'index_replaced', 'index_rebuilt', 'tags_replaced', 'tags_forgotten', 'destroyed', 'refused', 'root_created',
        'root_destroyed'
    ));

create or replace function count_old_key_forms() returns bigint
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select count(*)
    from public.owner_keys k
    where session_user = 'untxt_worker'
        and (k.index_wrapped_by = 'root' or k.wrapped_tag_key is null)
        and k.state <> 'destroyed'
$$;
