-- Bounds: what can pile up over one document, and what it costs to say where a task stands.

-- A document is deleted page by page of each run, newest run first, in one transaction of many short statements: a
-- cascade over all of them at once may take longer than a statement is given, and then it could never be deleted.
grant delete on pages to untxt_backend;

-- Which searchable PDFs can still be asked for: that of the newest run that went to its end. Those of the runs before
-- are removed from the store. This is the one place that knows.
create view published_pdfs with (security_invoker = true) as
select
    t.id as task_id,
    t.document_id,
    t.pdf_attempt as attempt
from tasks t
where t.pdf_attempt is not null
    and not exists (
        select
        from tasks newer
        where newer.document_id = t.document_id
            and (newer.created_at, newer.id) > (t.created_at, t.id)
            and newer.state in ('done', 'done_with_errors', 'failed', 'cancelled')
            and not newer.is_void
    );

grant select on published_pdfs to untxt_backend, untxt_worker;

-- As in migration 7, but each task looks its answer up in one pass over the owners, sorted by how much they have
-- waiting, where it compared itself with each of them. And pages that nobody is to read (`pages_unread`) are not
-- waited for.
create or replace function find_places()
    returns table (
        task_id uuid,
        pages_before bigint,
        pages_until_end bigint,
        workers bigint,
        slots bigint,
        page_seconds double precision
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with waiting as materialized (
        select
            t.id,
            t.owner_id,
            t.queue,
            t.created_at,
            t.state in ('queued', 'inspecting') as is_first,
            greatest(1, t.page_count - t.pages_done - t.pages_failed - t.pages_unread)::bigint as pages
        from public.tasks t
        where t.state in ('queued', 'inspecting', 'processing')
    ),
    owners as materialized (
        select
            w.owner_id,
            w.queue,
            sum(w.pages)::bigint as pages,
            row_number() over (partition by w.queue order by min(u.served_at) nulls first, min(u.created_at)) as rank
        from waiting w
        left join public.turns u on u.owner_id = w.owner_id and u.queue = w.queue
        group by w.owner_id, w.queue
    ),
    queues as materialized (
        select queue, sum(pages)::bigint as pages from waiting group by queue
    ),
    ours as materialized (
        select
            w.*,
            -- First pages of everything that is younger or older come before further pages.
            coalesce(sum(case when w.is_first then 1 else w.pages end) over (
                partition by w.owner_id, w.queue
                order by w.is_first desc, w.created_at, w.id
                rows between unbounded preceding and 1 preceding
            ), 0)::bigint as own_before
        from waiting w
        where w.owner_id = public.current_actor()
    ),
    -- The others, and two questions of each of our tasks: what is read before its next page, and before its last one.
    -- While we read n pages, each of the others reads n of its own, or all it has; who is ahead of us one more.
    points as (
        select o.queue, o.pages as n, o.pages, 1 as owners, (o.rank < me.rank)::integer as ahead, null::uuid as id,
            false as is_last
        from owners o
        join owners me on me.queue = o.queue and me.owner_id = public.current_actor()
        where o.owner_id <> public.current_actor()
        union all
        select queue, own_before, 0, 0, 0, id, false from ours
        union all
        select queue, own_before + pages - 1, 0, 0, 0, id, true from ours
    ),
    answers as (
        select
            id,
            is_last,
            n + sum(pages) over upto
                + n * (sum(owners) over everybody - sum(owners) over upto)
                + (sum(ahead) over everybody - sum(ahead) over upto) as before
        from points
        window
            upto as (partition by queue order by n range between unbounded preceding and current row),
            everybody as (partition by queue)
    ),
    placed as (
        select
            ours.id,
            ours.queue,
            max(answers.before) filter (where not answers.is_last)::bigint as before,
            max(answers.before) filter (where answers.is_last)::bigint as before_last
        from ours
        join answers on answers.id = ours.id
        group by ours.id, ours.queue
    ),
    alive as (
        select
            count(*) as workers,
            coalesce(sum(w.slots), 0)::bigint as slots,
            avg(w.page_seconds)::double precision as page_seconds
        from public.workers w
        where w.seen_at > clock_timestamp() - interval '15 seconds'
    )
    select
        placed.id,
        -- one in eight turns is the other queue's
        placed.before + least(
            coalesce(other_queue.pages, 0),
            case placed.queue when 'bulk' then 7 * (placed.before + 1) else placed.before / 7 end
        ),
        placed.before_last + 1 + least(
            coalesce(other_queue.pages, 0),
            case placed.queue when 'bulk' then 7 * (placed.before_last + 1) else placed.before_last / 7 end
        ),
        alive.workers,
        alive.slots,
        alive.page_seconds
    from placed
    cross join alive
    left join queues other_queue on other_queue.queue <> placed.queue
$$;
