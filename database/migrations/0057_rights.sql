-- Who sees and changes what: rights instead of owners. The backend sees rows of its actor, of the actor's teams, and those on
-- which right_on() has something to say; it changes those on which that is enough. The order of the conditions is that of
-- their price: own rows never ask for shares, teams are looked up once in a statement, and only rows of others are asked for
-- one by one. Folders, tags and what is filed where stay with the owner and the owner's team: a document that is shared says
-- nothing of them.

-- Rules of folders hold for whoever touches a document, also one who doesn't see the folder. To whom its owner shares nothing,
-- nothing is told.
create or replace function folder_retention(folder uuid) returns table (keep_days integer, delete_days integer)
    language sql
    stable
    strict
    parallel safe
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with recursive upwards as (
        select f.id, f.parent_id, f.keep_days, f.delete_days, 1 as distance
        from public.folders f
        where
            f.id = folder
            and (
                session_user <> 'untxt_backend'
                or f.owner_id = (select public.current_actor())
                or f.owner_id = any ((select public.current_teams())::uuid[])
                or public.is_shared_by(f.owner_id, false)
            )
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

-- On whose wish it lies in the trash; null: its owner's, or a rule's.
alter table documents add column trashed_by uuid;

grant update (trashed_by) on documents to untxt_backend, untxt_worker;
grant select (trashed_by) on documents to untxt_worker;

drop policy owner_keys_of_actor on owner_keys;

-- The key of another owner is there for whoever has something of that owner shared, and still wrapped by the root key.
create policy owner_keys_seen on owner_keys for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or is_shared_by(owner_id, false)
    );

create policy owner_keys_made on owner_keys for insert to untxt_backend
    with check (
        owner_id = (select current_actor()) or owner_id = any ((select current_teams())::uuid[])
    );

drop policy key_events_of_actor on key_events;
drop policy key_events_by_backend on key_events;

create policy key_events_seen on key_events for select to untxt_backend
    using (owner_id = (select current_actor()) or owner_id = any ((select current_teams())::uuid[]));

create policy key_events_by_backend on key_events for insert to untxt_backend
    with check (owner_id = (select current_actor()) or owner_id = any ((select current_teams())::uuid[]));

drop policy label_keys_of_actor on label_keys;

create policy label_keys_seen on label_keys for select to untxt_backend
    using (owner_id = (select current_actor()) or is_shared_by(owner_id, true));

create policy label_keys_made on label_keys for insert to untxt_backend
    with check (owner_id = (select current_actor()));

drop policy documents_of_actor on documents;

create policy documents_seen on documents for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on(id) > 0
    );

create policy documents_uploaded on documents for insert to untxt_backend
    with check (owner_id = (select current_actor()) or owner_id = any ((select current_teams())::uuid[]));

create policy documents_changed on documents for update to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select managed_teams())::uuid[])
        or right_on(id) = 3
    )
    with check (
        owner_id = (select current_actor())
        or owner_id = any ((select managed_teams())::uuid[])
        or right_on(id) = 3
    );

create policy documents_deleted on documents for delete to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select managed_teams())::uuid[])
        or right_on(id) = 3
    );

-- Whoever manages a shared document files it in folders that he manages, too; only its owner takes it out of all. What was
-- passed on by way of the folder that it leaves ends.
create function guard_filing() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if session_user = 'untxt_backend'
        and public.right_as_owner(public.current_actor(), old.owner_id) < 3
        and public.right_on_folder(new.folder_id) < 3
    then
        raise exception 'only its owner puts the document there'
            using errcode = 'check_violation', table = 'documents', constraint = 'documents_folder_right';
    end if;
    return new;
end
$$;

create trigger documents_folder_right
    before update of folder_id on documents
    for each row
    when (old.folder_id is distinct from new.folder_id)
    execute function guard_filing();

create function end_passed_on_shares() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if not exists (select from public.shares s where s.owner_id = new.owner_id) then
        return null;
    end if;
    if tg_table_name = 'documents' then
        delete from public.shares s
        using public.shares p
        where s.document_id = new.id and p.id = s.parent_id and p.folder_id is not null;
    else
        -- Whatever lies in the folder moves with it; rather some end that need not.
        delete from public.shares s
        using public.shares p
        where s.owner_id = new.owner_id and p.id = s.parent_id and p.folder_id is not null;
    end if;
    perform pg_notify('rights_changed', json_build_object('owner', new.owner_id)::text);
    return null;
end
$$;

create trigger documents_end_passed_on
    after update of folder_id on documents
    for each row
    when (old.folder_id is distinct from new.folder_id)
    execute function end_passed_on_shares();

create trigger folders_end_passed_on
    after update of parent_id on folders
    for each row
    when (old.parent_id is distinct from new.parent_id)
    execute function end_passed_on_shares();

drop policy tasks_of_actor on tasks;

create policy tasks_seen on tasks for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on(document_id) > 0
    );

create policy tasks_begun on tasks for insert to untxt_backend
    with check (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on(document_id) > 1
    );

create policy tasks_stopped on tasks for update to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on(document_id) > 1
    )
    with check (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on(document_id) > 1
    );

drop policy pages_of_actor on pages;

create policy pages_seen on pages for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on_task(task_id) > 0
    );

create policy pages_laid_out on pages for insert to untxt_backend
    with check (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on_task(task_id) > 1
    );

create policy pages_stopped on pages for update to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on_task(task_id) > 1
    )
    with check (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on_task(task_id) > 1
    );

create policy pages_shredded on pages for delete to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select managed_teams())::uuid[])
        or right_on_task(task_id) = 3
    );

drop policy task_events_of_actor on task_events;

create policy task_events_seen on task_events for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on_task(task_id) > 0
    );

create policy task_events_by_backend on task_events for insert to untxt_backend
    with check (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on_task(task_id) > 1
    );

drop policy integrity_checks_of_actor on integrity_checks;

create policy integrity_checks_seen on integrity_checks for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or right_on(document_id) > 0
    );

drop policy shreds_of_actor on shreds;
drop policy shreds_by_backend on shreds;

create policy shreds_seen on shreds for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or requested_by = (select current_actor())
    );

-- Whoever shreds what is another's says so in the line that stays.
create policy shreds_by_backend on shreds for insert to untxt_backend
    with check (
        owner_id = (select current_actor())
        or (
            requested_by = (select current_actor())
            and (owner_id = any ((select managed_teams())::uuid[]) or right_on(document_id) = 3)
        )
    );
