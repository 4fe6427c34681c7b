-- Keys of owners, and what was uploaded. Nothing here is clear but sizes, kinds and times: names are sealed, keys are
-- wrapped, tags are keyed. Deleting a document deletes its key, which shreds whatever is left of it elsewhere.

create table owner_keys (
    owner_id uuid not null,
    version integer not null,
    kms_key_id text not null,
    wrapped bytea not null,
    wrapped_index_key bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (owner_id, version),
    constraint owner_keys_version_check check (version > 0)
);

alter table owner_keys enable row level security;
alter table owner_keys force row level security;

create policy owner_keys_of_actor on owner_keys to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy owner_keys_for_reading on owner_keys for select to untxt_worker
    using (owner_id = (select current_actor()));

grant select, insert on owner_keys to untxt_backend;
grant select on owner_keys to untxt_worker;

create table documents (
    id uuid primary key,
    owner_id uuid not null,
    media_type text not null,
    size_bytes bigint not null,
    metadata_sealed bytea not null,
    owner_key_version integer not null,
    wrapped_key bytea not null,
    content_tag bytea not null,
    idempotency_tag bytea,
    created_at timestamptz not null default clock_timestamp(),
    constraint documents_id_owner_id_key unique (id, owner_id),
    constraint documents_idempotency_tag_key unique (owner_id, idempotency_tag),
    constraint documents_owner_key_fkey foreign key (owner_id, owner_key_version)
        references owner_keys (owner_id, version),
    constraint documents_media_type_check check (media_type in (
        'application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'image/webp', 'image/bmp', 'image/gif'
    )),
    constraint documents_size_bytes_check check (size_bytes > 0),
    constraint documents_content_tag_check check (octet_length(content_tag) = 32),
    constraint documents_idempotency_tag_check check (octet_length(idempotency_tag) = 32)
);

-- The list of an owner, newest first: ids are ordered by time (UUID version 7).
create index documents_owner_id_id_idx on documents (owner_id, id desc);

alter table documents enable row level security;
alter table documents force row level security;

create policy documents_of_actor on documents to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy documents_for_reading on documents for select to untxt_worker
    using (owner_id = (select current_actor()));

grant select, insert, delete on documents to untxt_backend;
-- No names and no tags for those who parse hostile bytes.
grant select (id, owner_id, media_type, size_bytes, owner_key_version, wrapped_key) on documents to untxt_worker;
