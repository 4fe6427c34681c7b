-- Holds once more. Pages of what is held were only spared because the program asks first: the database asks now, whoever deletes
-- them. And a deletion gets in line behind a hold before it locks the document's row: a hold of this document looks for the row
-- while the deletion waits for it, and both waited for each other.

create policy pages_not_held on pages as restrictive for delete to untxt_backend, untxt_worker
    using (
        exists (
            select
            from tasks t
            where t.id = pages.task_id and not is_held(t.document_id, t.owner_id)
        )
    );

-- The number is that of wait_for_deletions() and guard_retention(), which takes it again, for whoever deletes otherwise.
create function wait_for_holds() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if session_user in ('untxt_backend', 'untxt_worker') then
        perform pg_advisory_xact_lock_shared(x'554e545848'::bigint);
    end if;
    return null;
end
$$;

create trigger documents_wait
    before delete on documents
    for each statement
    execute function wait_for_holds();
