-- How many places find_places() gives otherwise than a comparison of each task with each owner.
begin;
set local untxt.actor = 'OWNER';
create temporary view compared (task_id, pages_before, pages_until_end, workers, slots, page_seconds) as
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
    ours as (
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
    placed as (
        select
            ours.id,
            ours.owner_id,
            ours.queue,
            (
                select ours.own_before + coalesce(sum(least(
                    other.pages,
                    case when other.rank < me.rank then ours.own_before + 1 else ours.own_before end
                )), 0)::bigint
                from owners other
                where other.queue = ours.queue and other.owner_id <> ours.owner_id
            ) as before,
            (
                select ours.own_before + ours.pages - 1 + coalesce(sum(least(
                    other.pages,
                    case when other.rank < me.rank then ours.own_before + ours.pages
                        else ours.own_before + ours.pages - 1 end
                )), 0)::bigint
                from owners other
                where other.queue = ours.queue and other.owner_id <> ours.owner_id
            ) as before_last
        from ours
        join owners me on me.owner_id = ours.owner_id and me.queue = ours.queue
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
    left join queues other_queue on other_queue.queue <> placed.queue;
select count(*)
from compared
full join find_places() as found using (task_id)
where (compared.pages_before, compared.pages_until_end) is distinct from (found.pages_before, found.pages_until_end);
