-- Folders, tags, and how long what is in a folder stays. Names are sealed with the label key of their owner; the shape of the
-- tree, colours, times and who is in what are clear, so that lists, counts and retention need no key.

-- One random key per owner, wrapped by the owner key as keys of documents are.
create table label_keys (
    owner_id uuid primary key,
    owner_key_version integer not null,
    wrapped_key bytea not null,
    constraint label_keys_owner_key_fkey foreign key (owner_id, owner_key_version)
        references owner_keys (owner_id, version)
);

alter table label_keys enable row level security;
alter table label_keys force row level security;

create policy label_keys_of_actor on label_keys to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy label_keys_for_rewrapping on label_keys to untxt_worker
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy label_keys_for_upkeep on label_keys for select to untxt_owner
    using (true);

grant select, insert on label_keys to untxt_backend;
grant select, update (owner_key_version, wrapped_key) on label_keys to untxt_worker;

-- As in migration 18, for every table of keys that hang on an owner key.
create or replace function guard_document_key() returns trigger
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
            using
                errcode = 'foreign_key_violation',
                table = tg_table_name,
                constraint = tg_table_name || '_owner_key_state';
    end if;
    return new;
end
$$;

create trigger label_keys_owner_key_state
    before insert or update of owner_key_version on label_keys
    for each row
    execute function guard_document_key();

create trigger label_keys_count_inserted
    after insert on label_keys
    referencing new table as changed
    for each statement
    execute function count_wraps();

create trigger label_keys_count_updated
    after update on label_keys
    referencing new table as changed
    for each statement
    execute function count_wraps();

-- A document that is put elsewhere is not wrapped anew, and needs no lock on its owner's key.
create function count_rewraps() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.owner_keys k
    set wraps = k.wraps + sealed.documents
    from (
        select after.owner_id, after.owner_key_version, count(*) as documents
        from changed after
        join before on before.id = after.id
        where after.wrapped_key <> before.wrapped_key
        group by 1, 2
    ) as sealed
    where k.owner_id = sealed.owner_id and k.version = sealed.owner_key_version;
    return null;
end
$$;

drop trigger documents_count_updated on documents;

create trigger documents_count_updated
    after update on documents
    referencing old table as before new table as changed
    for each statement
    execute function count_rewraps();

-- As in migration 18, with label keys.
create or replace function list_key_upkeep(root text, max_age interval, grace interval, after uuid, max_rows bigint)
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
                    or exists (
                        select
                        from public.label_keys l
                        where l.owner_id = k.owner_id and l.owner_key_version = k.version
                    )
                )
            )
        )
    order by k.owner_id
    limit max_rows
$$;

-- Names are compared in clear by whoever has the key, under a lock of the owner; so is the depth of the tree.
create table folders (
    id uuid primary key,
    owner_id uuid not null,
    parent_id uuid,
    name_sealed bytea not null,
    colour text not null,
    -- What is in it is kept so long after its upload, and moved to the trash so long after it. Null: the nearest folder
    -- above that says something counts.
    keep_days integer,
    delete_days integer,
    created_at timestamptz not null default clock_timestamp(),
    constraint folders_id_owner_id_key unique (id, owner_id),
    constraint folders_parent_fkey foreign key (parent_id, owner_id) references folders (id, owner_id),
    constraint folders_parent_check check (parent_id <> id),
    constraint folders_colour_check check (colour ~ '^#[0-9a-f]{6}$'),
    constraint folders_retention_check check (
        keep_days between 1 and 36500 and delete_days between 1 and 36500 and delete_days >= keep_days
    )
);

create index folders_owner_id_idx on folders (owner_id, parent_id);

create table tags (
    id uuid primary key,
    owner_id uuid not null,
    name_sealed bytea not null,
    colour text not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint tags_id_owner_id_key unique (id, owner_id),
    constraint tags_colour_check check (colour ~ '^#[0-9a-f]{6}$')
);

create index tags_owner_id_idx on tags (owner_id);

create table document_tags (
    document_id uuid not null,
    tag_id uuid not null,
    owner_id uuid not null,
    primary key (document_id, tag_id),
    constraint document_tags_document_fkey foreign key (document_id, owner_id)
        references documents (id, owner_id) on delete cascade,
    constraint document_tags_tag_fkey foreign key (tag_id, owner_id)
        references tags (id, owner_id) on delete cascade
);

create index document_tags_tag_id_idx on document_tags (tag_id, document_id desc);

-- A folder that still has documents can't be deleted: whoever deletes it moves them first.
alter table documents
    add column folder_id uuid,
    add constraint documents_folder_fkey foreign key (folder_id, owner_id) references folders (id, owner_id);

-- The list of a folder, newest first.
create index documents_folder_id_idx on documents (owner_id, folder_id, id desc);

alter table folders enable row level security;
alter table folders force row level security;
alter table tags enable row level security;
alter table tags force row level security;
alter table document_tags enable row level security;
alter table document_tags force row level security;

create policy folders_of_actor on folders to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy tags_of_actor on tags to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy document_tags_of_actor on document_tags to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

-- A worker learns how long documents stay, and no names.
create policy folders_for_retention on folders for select to untxt_worker
    using (owner_id = (select current_actor()));

-- For functions over all owners, which run as the owner of the tables.
create policy folders_for_upkeep on folders for select to untxt_owner
    using (true);

grant select, insert, delete on folders, tags, document_tags to untxt_backend;
grant update (parent_id, name_sealed, colour, keep_days, delete_days) on folders to untxt_backend;
grant update (name_sealed, colour) on tags to untxt_backend;
grant update (folder_id) on documents to untxt_backend;
grant select (id, owner_id, parent_id, keep_days, delete_days) on folders to untxt_worker;
grant select (folder_id, created_at) on documents to untxt_worker;

-- The rule that holds in a folder: of each number that of the nearest folder, from itself upwards, that has one.
create function folder_retention(folder uuid) returns table (keep_days integer, delete_days integer)
    language sql
    stable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
    with recursive upwards as (
        select f.id, f.parent_id, f.keep_days, f.delete_days, 1 as distance
        from public.folders f
        where f.id = folder
        union all
        select f.id, f.parent_id, f.keep_days, f.delete_days, u.distance + 1
        from upwards u
        join public.folders f on f.id = u.parent_id
        -- No tree is deeper.
        where u.distance < 10
    )
    select
        (select u.keep_days from upwards u where u.keep_days is not null order by u.distance limit 1),
        (select u.delete_days from upwards u where u.delete_days is not null order by u.distance limit 1)
$$;

grant execute on function folder_retention(uuid) to untxt_backend, untxt_worker;

-- Until when a document is kept and when it is moved to the trash, by the rule of its folder; null: nothing says so.
-- A day has 24 hours here, in whatever zone the server is.
create view document_retention with (security_invoker = true) as
select
    d.id as document_id,
    d.owner_id,
    d.created_at + make_interval(hours => 24 * r.keep_days) as keep_until,
    d.created_at + make_interval(hours => 24 * r.delete_days) as delete_at
from documents d
left join lateral folder_retention(d.folder_id) r on true;

grant select on document_retention to untxt_backend, untxt_worker;
