-- Whose a document, a task or a folder is stands in every line about it, also when somebody else reads it, is refused, or when it
-- was shredded since: an auditor asks what happened to somebody's documents, and not to each of them.

create function name_audited_owner() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    new.owner_id := case new.object_kind
        when 'document' then coalesce(
            (select d.owner_id from public.documents d where d.id = new.object_id),
            (select s.owner_id from public.shreds s where s.document_id = new.object_id)
        )
        when 'task' then (select t.owner_id from public.tasks t where t.id = new.object_id)
        when 'folder' then (select f.owner_id from public.folders f where f.id = new.object_id)
    end;
    return new;
end
$$;

create trigger audit_events_owner
    before insert on audit_events
    for each row
    when (new.owner_id is null and new.object_id is not null and new.object_kind in ('document', 'task', 'folder'))
    execute function name_audited_owner();
