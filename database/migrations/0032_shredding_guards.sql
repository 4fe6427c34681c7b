-- Shredding by several workers, and a second wall behind what they and the backend ask before they delete.

-- Until then somebody is at its objects, or nobody looks because the last look failed: whoever looks sets it, and what was
-- seen is only written down by the one who set it last.
alter table shreds add column next_look_at timestamptz not null default '-infinity';

grant update (next_look_at) on shreds to untxt_worker;

-- As before, behind a document: one that can't be shredded does not keep those behind it from it.
create function list_due_documents(after_at timestamptz, after_id uuid, max_rows bigint)
    returns table (document_id uuid, owner_id uuid, shred_at timestamptz)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select d.id, d.owner_id, d.shred_at
    from public.documents d
    where session_user = 'untxt_worker'
        and d.trashed_at is not null
        and d.shred_at <= clock_timestamp()
        and (after_at is null or (d.shred_at, d.id) > (after_at, after_id))
    order by d.shred_at, d.id
    limit max_rows
$$;

grant execute on function list_due_documents(timestamptz, uuid, bigint) to untxt_worker;

-- What the rule of its folder keeps is not deleted, whatever the program asked before. An import is not asked: it applies
-- what was shredded when the rule was another one.
create function guard_retention() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if session_user in ('untxt_backend', 'untxt_worker') and exists (
        select
        from public.folder_retention(old.folder_id) r
        where old.created_at + make_interval(hours => 24 * r.keep_days) > clock_timestamp()
    ) then
        raise exception 'the rule of its folder keeps the document'
            using errcode = 'check_violation', table = 'documents', constraint = 'documents_retained';
    end if;
    return old;
end
$$;

create trigger documents_retained
    before delete on documents
    for each row
    execute function guard_retention();

-- A worker puts into the trash what a rule lets go, and leaves things there for longer; it takes nothing out, and makes
-- nothing due earlier.
create function guard_trash_by_worker() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if session_user <> 'untxt_worker' then
        return new;
    end if;
    if old.trashed_at is null and new.trash_reason = 'retention' and exists (
        select
        from public.folder_retention(new.folder_id) r
        where new.created_at + make_interval(hours => 24 * r.delete_days) <= clock_timestamp()
    ) then
        return new;
    end if;
    if old.trashed_at = new.trashed_at and old.trash_reason = new.trash_reason and old.shred_at <= new.shred_at then
        return new;
    end if;
    raise exception 'a worker trashes what a rule lets go'
        using errcode = 'check_violation', table = 'documents', constraint = 'documents_trash_by_rule';
end
$$;

create trigger documents_trash_by_rule
    before update of trashed_at, shred_at, trash_reason on documents
    for each row
    execute function guard_trash_by_worker();
