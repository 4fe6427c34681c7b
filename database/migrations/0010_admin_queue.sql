-- The queue over all owners: for `untxt queue`, which comes as a worker, and for the page of administrators. Ids,
-- states, counts, reasons, and for administrators whose it is; never a name or a word of a document. These functions
-- run as the owner of the tables, so each asks who is asking: whoever may not see the queue finds it empty.

create function is_admin() returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    -- session_user: the role that logged in; current_user is the owner in here. Workers act for owners, not as them.
    select session_user = 'untxt_backend'
        and exists (select from public.users where id = public.current_actor() and role = 'admin')
$$;

create function may_see_queue() returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select session_user = 'untxt_worker' or public.is_admin()
$$;

create policy pages_for_queue on pages for select to untxt_owner
    using (true);

create policy task_events_for_queue on task_events for select to untxt_owner
    using (true);

create policy dead_letters_for_queue on dead_letters for select to untxt_owner
    using (true);

-- Pages that somebody reads, by task: no more rows than there are slots.
create view pages_in_work with (security_invoker = true) as
select task_id, count(*) as pages
from pages
where state = 'processing' and lease_until > clock_timestamp()
group by task_id;

-- Open tasks, oldest first; one of them if `wanted` is given. `held_for` and `paused_for` are seconds from now.
create function list_open_tasks(wanted uuid, max_rows bigint)
    returns table (
        task_id uuid,
        owner_id uuid,
        owner_login text,
        queue text,
        state text,
        pages integer,
        ended integer,
        in_work bigint,
        tries integer,
        age double precision,
        held_for double precision,
        paused_for double precision
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with shown as materialized (
        select *
        from public.tasks
        where state in ('queued', 'inspecting', 'processing', 'finishing')
            and (wanted is null or id = wanted)
            and (select public.may_see_queue())
        order by created_at
        limit max_rows
    )
    select
        t.id,
        t.owner_id,
        case when public.is_admin() then u.login end,
        t.queue,
        t.state,
        t.page_count,
        t.pages_done + t.pages_failed,
        coalesce(w.pages, 0),
        t.tries,
        extract(epoch from clock_timestamp() - t.created_at)::double precision,
        extract(epoch from t.lease_until - clock_timestamp())::double precision,
        extract(epoch from coalesce(p.next_try_at, t.next_try_at) - clock_timestamp())::double precision
    from shown t
    left join public.pages_in_work w on w.task_id = t.id
    left join public.users u on u.id = t.owner_id
    -- Pages are put off one by one: the task is when all are that wait.
    left join lateral (
        select min(p.next_try_at) as next_try_at
        from public.pages p
        where p.task_id = t.id and p.state = 'queued'
            and t.state = 'processing' and w.pages is null
            and not exists (
                select
                from public.pages ready
                where ready.task_id = t.id and ready.state = 'queued' and ready.next_try_at <= clock_timestamp()
            )
    ) as p on true
    order by t.created_at
$$;

-- Workers that are alive, oldest first.
create function list_workers(max_rows bigint)
    returns table (id uuid, version text, slots integer, page_seconds real, dropped_entries bigint)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select w.id, w.version, w.slots, w.page_seconds, w.dropped_entries
    from public.workers w
    where w.seen_at > clock_timestamp() - interval '15 seconds' and (select public.may_see_queue())
    order by w.started_at
    limit max_rows
$$;

-- What was given up, newest first; if `unanswered`, only where nobody had the document read again since.
create function list_dead_letters(unanswered boolean, max_rows bigint)
    returns table (
        id bigint,
        task_id uuid,
        page_number integer,
        reason text,
        attempts integer,
        at timestamptz
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select l.id, l.task_id, l.page_number, l.reason, l.attempts, l.at
    from public.dead_letters l
    join public.tasks t on t.id = l.task_id
    where (select public.may_see_queue())
        and not (
            unanswered
            and exists (
                select
                from public.tasks later
                where later.document_id = t.document_id and later.created_at > t.created_at and not later.is_void
            )
        )
    order by l.id desc
    limit max_rows
$$;

-- The queue in numbers. A task waits when nobody has it or one of its pages, since the last thing that happened to it.
create function count_queue()
    returns table (
        workers bigint,
        slots bigint,
        open_tasks bigint,
        waiting_tasks bigint,
        longest_wait double precision,
        dead_letters bigint
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with open as materialized (
        select
            e.at as since,
            coalesce(t.lease_until <= clock_timestamp(), true) and w.task_id is null as is_waiting
        from public.tasks t
        join public.task_events e on e.task_id = t.id and e.seq = t.last_seq
        left join public.pages_in_work w on w.task_id = t.id
        where t.state in ('queued', 'inspecting', 'processing', 'finishing') and (select public.may_see_queue())
    ),
    alive as (
        select count(*) as workers, coalesce(sum(w.slots), 0)::bigint as slots
        from public.list_workers(null) w
    )
    select
        alive.workers,
        alive.slots,
        (select count(*) from open),
        (select count(*) from open where is_waiting),
        (
            select extract(epoch from clock_timestamp() - min(since))::double precision
            from open
            where is_waiting
        ),
        (select count(*) from public.list_dead_letters(true, null))
    from alive
$$;

-- Lets an administrator act in the name of a task's owner for the rest of the transaction: what may be done with the
-- task, the owner's own rules say. False: there is no such task, or the actor is no administrator; then nothing
-- changes.
create function stand_in_for_owner(task uuid) returns boolean
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    owner uuid;
begin
    select owner_id into owner from public.tasks where id = task and public.is_admin();
    if not found then
        return false;
    end if;
    perform set_config('untxt.actor', owner::text, true);
    return true;
end
$$;

grant execute on function
    may_see_queue(), list_open_tasks(uuid, bigint), list_workers(bigint), list_dead_letters(boolean, bigint)
    to untxt_backend, untxt_worker;
grant execute on function is_admin(), count_queue(), stand_in_for_owner(uuid) to untxt_backend;
