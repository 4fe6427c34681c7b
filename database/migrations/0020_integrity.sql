-- When the file of a document was last read as a whole and found to be what was uploaded, and since when it is not.

create table integrity_checks (
    document_id uuid primary key,
    owner_id uuid not null,
    checked_at timestamptz not null default clock_timestamp(),
    damaged_since timestamptz,
    constraint integrity_checks_document_fkey foreign key (document_id, owner_id)
        references documents (id, owner_id) on delete cascade
);

create index integrity_checks_damaged_idx on integrity_checks (damaged_since) where damaged_since is not null;

alter table integrity_checks enable row level security;
alter table integrity_checks force row level security;

create policy integrity_checks_of_actor on integrity_checks for select to untxt_backend
    using (owner_id = (select current_actor()));

create policy integrity_checks_by_worker on integrity_checks to untxt_worker
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy integrity_checks_for_listing on integrity_checks for select to untxt_owner
    using (true);

grant select on integrity_checks to untxt_backend;
grant select, insert, update on integrity_checks to untxt_worker;

-- Documents that were not checked for so long, in the order of their ids, those after `after`.
create function list_unchecked(max_age interval, after uuid, max_rows bigint)
    returns table (document_id uuid, owner_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select d.id, d.owner_id
    from public.documents d
    left join public.integrity_checks c on c.document_id = d.id
    where session_user = 'untxt_worker'
        and (after is null or d.id > after)
        and coalesce(c.checked_at, d.created_at) < clock_timestamp() - max_age
    order by d.id
    limit max_rows
$$;

create function count_damaged() returns bigint
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select count(*) from public.integrity_checks where session_user = 'untxt_worker' and damaged_since is not null
$$;

grant execute on function list_unchecked(interval, uuid, bigint), count_damaged() to untxt_worker;
