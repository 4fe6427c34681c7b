-- What happened to tasks: written in the transaction of the change, numbered without gaps per task, never changed.
-- A notification tells listeners that there is something to read. It carries ids and the number, nothing else.

create table task_events (
    task_id uuid not null,
    seq bigint not null,
    owner_id uuid not null,
    kind text not null,
    page_number integer,
    state text not null,
    total integer not null,
    done integer not null,
    failed integer not null,
    low integer not null,
    failure_code text,
    at timestamptz not null default clock_timestamp(),
    primary key (task_id, seq),
    constraint task_events_task_fkey foreign key (task_id, owner_id) references tasks (id, owner_id) on delete cascade,
    constraint task_events_seq_check check (seq > 0),
    constraint task_events_page_number_check check ((page_number is not null) = (kind like 'page.%'))
);

-- A task ends once.
create unique index task_events_end_key on task_events (task_id)
    where kind in ('task.done', 'task.done_with_errors', 'task.failed', 'task.cancelled');

alter table task_events enable row level security;
alter table task_events force row level security;

create policy task_events_of_actor on task_events to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

-- Whose event it is, the foreign key decides.
create policy task_events_for_work on task_events for insert to untxt_worker
    with check (true);

grant select, insert on task_events to untxt_backend;
grant insert on task_events to untxt_worker;

create function notify_task_event() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_notify(
        'task_events',
        json_build_object('owner', new.owner_id, 'task', new.task_id, 'seq', new.seq)::text
    );
    return null;
end
$$;

create trigger task_events_notify
    after insert on task_events
    for each row
    execute function notify_task_event();
