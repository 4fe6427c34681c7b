-- A person may stop a task: what was read by then stays, the rest is never read. This is the one change that the
-- backend may make to tasks and pages, and a restrictive policy holds it to that. Workers are told at once of tasks
-- that were taken from them, stopped or deleted; who misses it finds out when it renews its lease.

alter table pages
    drop constraint pages_state_check,
    drop constraint pages_ended_check,
    add constraint pages_state_check check (state in ('queued', 'processing', 'done', 'failed', 'cancelled')),
    add constraint pages_ended_check check ((ended_at is not null) = (state in ('done', 'failed', 'cancelled')));

drop trigger pages_final on pages;

create trigger pages_final
    before update on pages
    for each row
    when (old.state in ('done', 'failed', 'cancelled'))
    execute function refuse_change_of_final_state();

create policy tasks_only_cancelled on tasks as restrictive for update to untxt_backend
    using (true)
    with check (state = 'cancelled');

create policy pages_only_cancelled on pages as restrictive for update to untxt_backend
    using (true)
    with check (state = 'cancelled');

grant update (state, lease_token, lease_until, last_seq, failure_code, pdf_attempt, ended_at) on tasks to untxt_backend;
grant update (state, lease_token, lease_until, ended_at) on pages to untxt_backend;

create function notify_task_withdrawn() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_notify('task_withdrawn', json_build_object('task', old.id)::text);
    return null;
end
$$;

create trigger tasks_cancelled
    after update on tasks
    for each row
    when (new.state = 'cancelled')
    execute function notify_task_withdrawn();

create trigger tasks_deleted
    after delete on tasks
    for each row
    when (old.state in ('queued', 'inspecting', 'processing', 'finishing'))
    execute function notify_task_withdrawn();
