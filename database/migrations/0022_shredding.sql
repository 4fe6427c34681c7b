-- The trash, and what is left of documents that were shredded: a line that says when, why and on whose wish, and later a
-- signed receipt. It is written in the transaction that deletes the document's row and with it the key, so that no document
-- goes without one; a worker then removes its objects, looks that none is left, and signs. No name and no word stands in it.

alter table documents
    add column trashed_at timestamptz,
    -- When it is shredded, unless somebody takes it back before.
    add column shred_at timestamptz,
    add column trash_reason text,
    add constraint documents_trash_check check (
        num_nonnulls(trashed_at, shred_at, trash_reason) in (0, 3)
        and shred_at >= trashed_at
    ),
    add constraint documents_trash_reason_check check (trash_reason in ('person', 'retention'));

create index documents_shred_at_idx on documents (shred_at) where trashed_at is not null;
create index documents_trash_idx on documents (owner_id, id desc) where trashed_at is not null;

grant update (trashed_at, shred_at, trash_reason) on documents to untxt_backend, untxt_worker;
grant select (created_at, trashed_at, shred_at, trash_reason) on documents to untxt_worker;

-- A worker deletes what is due, and nothing else.
create policy documents_for_shredding on documents for delete to untxt_worker
    using (owner_id = (select current_actor()) and shred_at <= clock_timestamp());

create policy pages_only_shredded on pages as restrictive for delete to untxt_worker
    using (
        exists (
            select
            from tasks t
            join documents d on d.id = t.document_id
            where t.id = pages.task_id and d.shred_at <= clock_timestamp()
        )
    );

grant delete on documents, pages to untxt_worker;

create table shreds (
    document_id uuid primary key,
    owner_id uuid not null,
    -- A person wished it at once, it lay in the trash until it was due or that was emptied, or a rule put it there.
    reason text not null,
    -- Null: a rule.
    requested_by uuid,
    requested_at timestamptz not null,
    shredded_at timestamptz not null default clock_timestamp(),
    -- Until then a worker that lost its lease may still be putting an object that it had begun to put.
    quiet_at timestamptz not null,
    -- How many were found and removed; null: nobody has looked yet.
    objects bigint,
    -- When the store was seen to have none of them any more.
    objects_removed_at timestamptz,
    -- The bytes that are signed, the signature, and the id of the key.
    receipt bytea,
    signature bytea,
    signing_key text,
    constraint shreds_reason_check check (reason in ('person', 'trash', 'retention')),
    constraint shreds_objects_check check (objects >= 0 and (objects_removed_at is null or objects is not null)),
    constraint shreds_receipt_check check (
        num_nonnulls(receipt, signature, signing_key) in (0, 3)
        and (receipt is null or objects_removed_at is not null)
    )
);

create index shreds_owner_id_idx on shreds (owner_id, shredded_at desc, document_id desc);
create index shreds_removing_idx on shreds (shredded_at) where receipt is null;

alter table shreds enable row level security;
alter table shreds force row level security;

create policy shreds_of_actor on shreds for select to untxt_backend
    using (owner_id = (select current_actor()));

create policy shreds_by_backend on shreds for insert to untxt_backend
    with check (owner_id = (select current_actor()));

create policy shreds_for_work on shreds to untxt_worker
    using (true)
    with check (true);

create policy shreds_for_guard on shreds for select to untxt_owner
    using (true);

grant select on shreds to untxt_backend, untxt_worker;
grant insert (document_id, owner_id, reason, requested_by, requested_at, quiet_at)
    on shreds to untxt_backend, untxt_worker;
grant update (objects, objects_removed_at, receipt, signature, signing_key) on shreds to untxt_worker;

create function refuse_change_of_receipt() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    raise exception 'a receipt never changes'
        using errcode = 'check_violation', table = 'shreds', constraint = 'shreds_final';
end
$$;

create trigger shreds_final
    before update on shreds
    for each row
    when (old.receipt is not null)
    execute function refuse_change_of_receipt();

-- No document goes without a line in shreds, whoever deletes it.
create function guard_shred() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if not exists (select from public.shreds s where s.document_id = old.id) then
        raise exception 'a document is shredded, not deleted'
            using errcode = 'check_violation', table = 'documents', constraint = 'documents_shredded';
    end if;
    return null;
end
$$;

create constraint trigger documents_shredded
    after delete on documents
    deferrable initially deferred
    for each row
    execute function guard_shred();

-- What is in the trash is not read again, whoever asks.
create function guard_trashed_task() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if exists (select from public.documents d where d.id = new.document_id and d.trashed_at is not null) then
        raise exception 'the document is in the trash'
            using errcode = 'check_violation', table = 'tasks', constraint = 'tasks_document_in_trash';
    end if;
    return new;
end
$$;

create trigger tasks_document_in_trash
    before insert on tasks
    for each row
    execute function guard_trashed_task();

-- Other windows of its owner are told when a document goes or comes back.
create function notify_document_change() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_notify(
        'document_changes',
        json_build_object(
            'owner', old.owner_id,
            'document', old.id,
            'change', case
                when tg_op = 'DELETE' then 'deleted'
                when new.trashed_at is null then 'restored'
                else 'trashed'
            end
        )::text
    );
    return null;
end
$$;

create trigger documents_trashed
    after update of trashed_at on documents
    for each row
    when ((old.trashed_at is null) <> (new.trashed_at is null))
    execute function notify_document_change();

create trigger documents_deleted
    after delete on documents
    for each row
    execute function notify_document_change();

-- Documents in the trash whose time has come, the longest due first.
create function list_due_documents(max_rows bigint)
    returns table (document_id uuid, owner_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select d.id, d.owner_id
    from public.documents d
    where session_user = 'untxt_worker' and d.trashed_at is not null and d.shred_at <= clock_timestamp()
    order by d.shred_at
    limit max_rows
$$;

grant execute on function list_due_documents(bigint) to untxt_worker;

-- Documents that the rule of their folder puts into the trash now.
create function list_expired_documents(max_rows bigint)
    returns table (document_id uuid, owner_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select d.id, d.owner_id
    from public.folders f
    cross join lateral public.folder_retention(f.id) r
    join public.documents d on d.owner_id = f.owner_id and d.folder_id = f.id
    where session_user = 'untxt_worker'
        and d.trashed_at is null
        and d.created_at <= clock_timestamp() - make_interval(hours => 24 * r.delete_days)
    order by d.created_at
    limit max_rows
$$;

grant execute on function list_expired_documents(bigint) to untxt_worker;
