-- One OCR run over a document, and its pages. These rows decide who works on what: claims are guarded updates with a
-- lease token, an attempt that only grows, and a count of tries that a release gives back. Only this server's clock
-- counts. Final states never change.

create table tasks (
    id uuid primary key,
    document_id uuid not null,
    owner_id uuid not null,
    state text not null default 'queued',
    languages text not null,
    attempt integer not null default 0,
    tries integer not null default 0,
    lease_token uuid,
    lease_until timestamptz,
    next_try_at timestamptz not null default clock_timestamp(),
    page_count integer not null default 0,
    pages_done integer not null default 0,
    pages_failed integer not null default 0,
    pages_low integer not null default 0,
    last_seq bigint not null default 0,
    failure_code text,
    pdf_attempt integer,
    -- When somebody was last told of this task or at work on it; the sweeper looks at it.
    dispatched_at timestamptz not null default clock_timestamp(),
    trace uuid not null,
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz,
    constraint tasks_id_owner_id_key unique (id, owner_id),
    constraint tasks_document_fkey foreign key (document_id, owner_id)
        references documents (id, owner_id) on delete cascade,
    constraint tasks_state_check check (state in (
        'queued', 'inspecting', 'processing', 'finishing', 'done', 'done_with_errors', 'failed', 'cancelled'
    )),
    constraint tasks_lease_check check (
        (lease_token is null) = (lease_until is null)
        and case state
            when 'inspecting' then lease_token is not null
            when 'finishing' then true
            else lease_token is null
        end
    ),
    constraint tasks_counters_check check (
        least(attempt, tries, page_count, pages_done, pages_failed, pages_low, last_seq) >= 0
        and tries <= attempt
        and pages_done + pages_failed <= page_count
        and pages_low <= pages_done
    ),
    constraint tasks_pages_known_check check (
        case state
            when 'queued' then page_count = 0
            when 'inspecting' then page_count = 0
            when 'processing' then pages_done + pages_failed < page_count
            when 'finishing' then page_count > 0 and pages_done + pages_failed = page_count
            else true
        end
    ),
    constraint tasks_ended_check check (
        (ended_at is not null) = (state in ('done', 'done_with_errors', 'failed', 'cancelled'))
    ),
    constraint tasks_failure_check check (state <> 'failed' or failure_code is not null)
);

-- What is not ended, oldest first: the sweeper's list.
create index tasks_open_idx on tasks (created_at)
    where state in ('queued', 'inspecting', 'processing', 'finishing');
create index tasks_document_id_idx on tasks (document_id, created_at desc, id desc);

create table pages (
    task_id uuid not null,
    page_number integer not null,
    owner_id uuid not null,
    state text not null default 'queued',
    attempt integer not null default 0,
    tries integer not null default 0,
    lease_token uuid,
    lease_until timestamptz,
    next_try_at timestamptz not null default clock_timestamp(),
    failure_code text,
    width integer,
    height integer,
    dpi integer,
    mean_confidence real,
    image_attempt integer,
    image_media_type text,
    content_sealed bytea,
    ended_at timestamptz,
    primary key (task_id, page_number),
    constraint pages_task_fkey foreign key (task_id, owner_id) references tasks (id, owner_id) on delete cascade,
    constraint pages_page_number_check check (page_number > 0),
    constraint pages_state_check check (state in ('queued', 'processing', 'done', 'failed')),
    constraint pages_lease_check check (
        (lease_token is null) = (lease_until is null)
        and (lease_token is not null) = (state = 'processing')
    ),
    constraint pages_tries_check check (tries >= 0 and tries <= attempt),
    constraint pages_result_check check (
        case state
            when 'done' then
                width > 0 and height > 0 and dpi > 0 and mean_confidence between 0 and 1
                and image_attempt is not null and image_media_type is not null and content_sealed is not null
            else
                width is null and height is null and dpi is null and mean_confidence is null
                and image_attempt is null and image_media_type is null and content_sealed is null
        end
    ),
    constraint pages_ended_check check ((ended_at is not null) = (state in ('done', 'failed'))),
    constraint pages_failure_check check ((failure_code is not null) = (state = 'failed'))
);

-- What can be claimed in a task, lowest page first.
create index pages_open_idx on pages (task_id, page_number) where state in ('queued', 'processing');
-- Whose lease ran out.
create index pages_lease_until_idx on pages (lease_until) where state = 'processing';

create function refuse_change_of_final_state() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    raise exception 'a final state never changes'
        using errcode = 'check_violation', table = tg_table_name, constraint = tg_table_name || '_final';
end
$$;

create trigger tasks_final
    before update on tasks
    for each row
    when (old.state in ('done', 'done_with_errors', 'failed', 'cancelled'))
    execute function refuse_change_of_final_state();

create trigger pages_final
    before update on pages
    for each row
    when (old.state in ('done', 'failed'))
    execute function refuse_change_of_final_state();

alter table tasks enable row level security;
alter table tasks force row level security;
alter table pages enable row level security;
alter table pages force row level security;

create policy tasks_of_actor on tasks to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

create policy pages_of_actor on pages to untxt_backend
    using (owner_id = (select current_actor()))
    with check (owner_id = (select current_actor()));

-- A worker works for every owner; it begins as an actor only to read that owner's document and keys.
create policy tasks_for_work on tasks to untxt_worker
    using (true)
    with check (true);

create policy pages_for_work on pages to untxt_worker
    using (true)
    with check (true);

grant select on tasks to untxt_backend, untxt_worker;
grant insert (id, document_id, owner_id, languages, last_seq, trace) on tasks to untxt_backend;
grant update (
    state, attempt, tries, lease_token, lease_until, next_try_at, page_count, pages_done, pages_failed, pages_low,
    last_seq, failure_code, pdf_attempt, dispatched_at, started_at, ended_at
) on tasks to untxt_worker;

grant select on pages to untxt_backend, untxt_worker;
grant insert (task_id, page_number, owner_id) on pages to untxt_worker;
grant update (
    state, attempt, tries, lease_token, lease_until, next_try_at, failure_code, width, height, dpi, mean_confidence,
    image_attempt, image_media_type, content_sealed, ended_at
) on pages to untxt_worker;
