-- A document may be read again, page by page or whole. Each run is a task of its own with a row for every page, and
-- since final states never change, each run says anew what the document shows: a row refers to the run whose result
-- it shows. Rows that a run doesn't read are `kept`. A page that is read again shows its older result until the
-- transaction that stores the newer one has decided between them; the other of the two stays within reach.

alter table tasks
    add column is_rerun boolean not null default false,
    -- Pages that a run leaves as they are and that nobody has read: an earlier run was stopped before.
    add column pages_unread integer not null default 0,
    -- The owner's keyed tags of the idempotency key and of what was asked for with it.
    -- It was stopped, or failed before it began to read: the document shows what it showed before this run.
    add column is_void boolean not null
        generated always as (is_rerun and (state = 'cancelled' or state = 'failed' and started_at is null)) stored,
    add column idempotency_tag bytea,
    add column request_tag bytea,
    add constraint tasks_idempotency_tag_check check (
        (idempotency_tag is null) = (request_tag is null)
        and octet_length(idempotency_tag) = 32
        and octet_length(request_tag) = 32
    ),
    drop constraint tasks_counters_check,
    add constraint tasks_counters_check check (
        least(attempt, tries, page_count, pages_done, pages_failed, pages_low, pages_unread, last_seq) >= 0
        and tries <= attempt
        and pages_done + pages_failed + pages_unread <= page_count
        and pages_low <= pages_done
    ),
    drop constraint tasks_pages_known_check,
    add constraint tasks_pages_known_check check (
        case state
            when 'queued' then page_count = 0 or is_rerun
            when 'inspecting' then page_count = 0 or is_rerun
            when 'processing' then pages_done + pages_failed + pages_unread < page_count
            when 'finishing' then page_count > 0 and pages_done + pages_failed + pages_unread = page_count
            else true
        end
    );

-- One run over a document at a time.
create unique index tasks_open_key on tasks (document_id)
    where state in ('queued', 'inspecting', 'processing', 'finishing');
create unique index tasks_idempotency_tag_key on tasks (document_id, idempotency_tag)
    where idempotency_tag is not null;

alter table pages
    -- The run whose result is shown; null: this one.
    add column shown_task_id uuid,
    -- The run with the other result, if there are two to choose from.
    add column other_task_id uuid,
    -- The other result is newer but seems worse, and nobody has chosen yet.
    add column is_undecided boolean not null default false,
    -- Sum of the confidences of the words: as many are expected to be right. Null for pages of before.
    add column expected_words real,
    add constraint pages_shown_fkey foreign key (shown_task_id, page_number)
        references pages (task_id, page_number) on delete cascade,
    add constraint pages_other_fkey foreign key (other_task_id, page_number)
        references pages (task_id, page_number) on delete cascade,
    drop constraint pages_state_check,
    add constraint pages_state_check check (state in ('queued', 'processing', 'done', 'failed', 'cancelled', 'kept')),
    drop constraint pages_ended_check,
    add constraint pages_ended_check check (
        (ended_at is not null) = (state in ('done', 'failed', 'cancelled', 'kept'))
    ),
    add constraint pages_expected_words_check check (expected_words is null or state = 'done' and expected_words >= 0),
    add constraint pages_shown_check check (
        shown_task_id is distinct from task_id
        and (state <> 'kept' or shown_task_id is not null)
        and (state = 'done' or other_task_id is distinct from task_id)
        and (other_task_id is null or other_task_id <> coalesce(shown_task_id, task_id))
        and (other_task_id is not null or not is_undecided)
    );

create index pages_shown_idx on pages (shown_task_id, page_number) where shown_task_id is not null;
create index pages_other_idx on pages (other_task_id, page_number) where other_task_id is not null;

drop trigger pages_final on pages;

create trigger pages_final
    before update on pages
    for each row
    when (old.state in ('done', 'failed', 'cancelled', 'kept'))
    execute function refuse_change_of_final_state();

-- What the pages of a run look like to a reader. This is the one place that knows which result a page shows.
create view shown_pages with (security_invoker = true) as
select
    p.task_id,
    p.page_number,
    case when p.state in ('queued', 'processing') and s.state <> 'done' then p.state else s.state end as state,
    -- Content and picture belong to this run.
    s.task_id as result_task_id,
    s.width,
    s.height,
    s.dpi,
    s.mean_confidence,
    s.expected_words,
    s.image_attempt,
    s.image_media_type,
    s.content_sealed,
    case when p.state in ('queued', 'processing') and s.state <> 'done' then null else s.failure_code end
        as failure_code,
    -- How reading it again goes, while the older result is shown.
    case when s.task_id <> p.task_id and s.state = 'done' and p.state in ('queued', 'processing', 'failed')
        then p.state end as reread_state,
    case when s.task_id <> p.task_id and s.state = 'done' then p.failure_code end as reread_failure_code,
    o.task_id as other_task_id,
    o.mean_confidence as other_mean_confidence,
    case when o.task_id is not null then
        (select ot.created_at > st.created_at from tasks ot, tasks st where ot.id = o.task_id and st.id = s.task_id)
    end as other_is_newer,
    p.is_undecided
from pages p
join pages s on s.task_id = coalesce(p.shown_task_id, p.task_id) and s.page_number = p.page_number
left join pages o on o.task_id = p.other_task_id and o.page_number = p.page_number;

grant select on shown_pages to untxt_backend, untxt_worker;

-- The backend begins runs (a worker only replays them): it says which pages are to be read, and brings no results.
create policy tasks_begin_unread on tasks as restrictive for insert to untxt_backend
    with check (state = 'queued');

create policy pages_begin_unread on pages as restrictive for insert to untxt_backend
    with check (state in ('queued', 'kept'));

grant insert (
    is_rerun, page_count, pages_done, pages_failed, pages_low, pages_unread, idempotency_tag, request_tag
) on tasks to untxt_backend, untxt_worker;
grant insert (
    task_id, page_number, owner_id, state, shown_task_id, other_task_id, is_undecided, ended_at
) on pages to untxt_backend, untxt_worker;
grant update (shown_task_id, other_task_id, is_undecided, expected_words) on pages to untxt_worker;
