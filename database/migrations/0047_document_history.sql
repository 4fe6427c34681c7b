-- Who did what with a document: the part of the record that whoever may manage the document sees. Addresses and logins of
-- strangers stay with administrators and auditors.

create function may_see_history(document uuid) returns boolean
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    -- right_on() comes with teams and shares, in a later migration: it is looked up when this runs.
    return session_user = 'untxt_backend' and coalesce(public.right_on(document), 0) >= 3;
end
$$;

-- Newest first; what was done to a run over the document is done to the document.
create function list_document_history(document uuid, before bigint, max_rows bigint)
    returns table (
        row_position bigint,
        at timestamptz,
        action text,
        outcome text,
        actor uuid,
        login text,
        page_number integer,
        count bigint,
        detail text
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select e.position, e.at, e.action, e.outcome, e.actor, u.login, e.page_number, e.count, e.detail
    from public.audit_events e
    left join public.users u on u.id = e.actor
    where (select public.may_see_history(document))
        and e.object_id in (
            select document
            union all
            select t.id from public.tasks t where t.document_id = document
        )
        and e.object_kind in ('document', 'task')
        and (before is null or e.position < before)
    order by e.position desc
    limit max_rows
$$;

grant execute on function may_see_history(uuid), list_document_history(uuid, bigint, bigint) to untxt_backend;
