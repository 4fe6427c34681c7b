-- Rules of folders are applied owner by owner, by one worker at a time, so that no query grows with all that is stored; and
-- a line in shreds is about a document that is there and belongs to whom the line says.

drop function list_expired_documents(bigint);

create index folders_delete_days_idx on folders (owner_id) where delete_days is not null;

-- What a rule lets go, the oldest first.
create index documents_of_folder_by_age_idx on documents (folder_id, created_at, id)
    where folder_id is not null and trashed_at is null;

-- Owners of folders that have a rule that puts documents into the trash, in the order of their ids, those after `after`.
create function list_retaining_owners(after uuid, max_rows bigint)
    returns table (owner_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select distinct f.owner_id
    from public.folders f
    where session_user = 'untxt_worker' and f.delete_days is not null and (after is null or f.owner_id > after)
    order by f.owner_id
    limit max_rows
$$;

grant execute on function list_retaining_owners(uuid, bigint) to untxt_worker;

-- Whoever writes a line deletes the document in the same transaction, so it is still there. A line about somebody else's
-- would let a worker remove objects that are in use.
create function guard_shred_line() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if not exists (
        select from public.documents d where d.id = new.document_id and d.owner_id = new.owner_id
    ) then
        raise exception 'the owner has no such document'
            using errcode = 'check_violation', table = 'shreds', constraint = 'shreds_document';
    end if;
    return new;
end
$$;

create trigger shreds_document
    before insert on shreds
    for each row
    execute function guard_shred_line();

-- Says whether a document is still there, whoever owns it: then none of its objects may be removed.
create function is_document(document uuid) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select session_user = 'untxt_worker' and exists (select from public.documents d where d.id = document)
$$;

grant execute on function is_document(uuid) to untxt_worker;
