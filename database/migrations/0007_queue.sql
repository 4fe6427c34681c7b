-- Whose turn it is, who is at work, and what was given up. Redis only wakes workers; what a woken worker reads next is
-- decided here, by choose_task(): fairly over owners, two queues, first pages first. `turns` has one row for each owner
-- and queue, counted by triggers, so that a choice costs the same with ten tasks and with ten thousand.

alter table tasks
    add column queue text not null default 'interactive',
    add constraint tasks_queue_check check (queue in ('interactive', 'bulk'));

grant insert (queue) on tasks to untxt_backend;
-- A replay is a new task over the same document; the foreign key holds it to the document's owner.
grant insert (id, document_id, owner_id, languages, preset, text_mode, queue, last_seq, trace) on tasks to untxt_worker;

-- What an owner has open, by what is to be done with it; choose_task() looks at the first row that fits.
create index tasks_open_of_owner_idx on tasks (owner_id, queue, state, created_at)
    where state in ('queued', 'inspecting', 'processing', 'finishing');
-- What somebody holds: no more rows than there are slots.
create index tasks_held_idx on tasks (lease_until) where lease_until is not null;
-- First pages that were begun and given back.
create index pages_first_idx on pages (owner_id, task_id) where page_number = 1 and state in ('queued', 'processing');

create table turns (
    owner_id uuid not null,
    queue text not null,
    open_tasks integer not null,
    -- When a page of this owner was last given to a worker; null: never yet.
    served_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    primary key (owner_id, queue),
    constraint turns_queue_check check (queue in ('interactive', 'bulk')),
    constraint turns_open_tasks_check check (open_tasks >= 0)
);

create index turns_waiting_idx on turns (queue, served_at nulls first, created_at) where open_tasks > 0;

-- One in eight choices looks at the bulk queue first.
create sequence turns_taken cycle;

alter table turns enable row level security;
alter table turns force row level security;

create policy turns_for_work on turns to untxt_worker
    using (true)
    with check (true);

-- For count_open_tasks() below, which runs as the owner of the tables.
create policy turns_of_triggers on turns to untxt_owner
    using (true)
    with check (true);

grant select, delete on turns to untxt_worker;
grant update (served_at) on turns to untxt_worker;
grant usage on sequence turns_taken to untxt_worker;

create function count_open_tasks() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if tg_op = 'INSERT' then
        insert into public.turns (owner_id, queue, open_tasks)
        values (new.owner_id, new.queue, 1)
        on conflict (owner_id, queue) do update set open_tasks = turns.open_tasks + 1;
    else
        update public.turns set open_tasks = open_tasks - 1 where owner_id = old.owner_id and queue = old.queue;
    end if;
    return null;
end
$$;

create trigger tasks_count_opened
    after insert on tasks
    for each row
    execute function count_open_tasks();

create trigger tasks_count_ended
    after update of state on tasks
    for each row
    when (new.state in ('done', 'done_with_errors', 'failed', 'cancelled'))
    execute function count_open_tasks();

create trigger tasks_count_deleted
    after delete on tasks
    for each row
    when (old.state in ('queued', 'inspecting', 'processing', 'finishing'))
    execute function count_open_tasks();

insert into turns (owner_id, queue, open_tasks)
select owner_id, queue, count(*)
from tasks
where state in ('queued', 'inspecting', 'processing', 'finishing')
group by owner_id, queue;

-- Gives the task of one owner that is to be worked on next, null when there is nothing to do now: what only needs its
-- end, what nobody has looked into, first pages, the document that the asking slot has open, the oldest.
create function choose_task_of(owner uuid, wanted_queue text, open_task uuid, max_attempts integer) returns uuid
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    as $$
declare
    chosen uuid;
begin
    select id into chosen
    from public.tasks
    where owner_id = owner and queue = wanted_queue and state = 'finishing'
        and coalesce(lease_until, next_try_at) <= statement_timestamp()
        and (lease_token is null or tries < max_attempts)
    order by created_at
    limit 1;
    if found then
        return chosen;
    end if;

    select id into chosen
    from public.tasks
    where owner_id = owner and queue = wanted_queue and state = 'inspecting'
        and lease_until <= statement_timestamp() and tries < max_attempts
    order by created_at
    limit 1;
    if found then
        return chosen;
    end if;

    select id into chosen
    from public.tasks
    where owner_id = owner and queue = wanted_queue and state = 'queued' and next_try_at <= statement_timestamp()
    order by created_at
    limit 1;
    if found then
        return chosen;
    end if;

    select p.task_id into chosen
    from public.pages p
    join public.tasks t on t.id = p.task_id
    where p.owner_id = owner and p.page_number = 1 and p.state in ('queued', 'processing')
        and coalesce(p.lease_until, p.next_try_at) <= statement_timestamp()
        and (p.lease_token is null or p.tries < max_attempts)
        and t.queue = wanted_queue and t.state = 'processing'
    -- ids are ordered by time
    order by p.task_id
    limit 1;
    if found then
        return chosen;
    end if;

    select t.id into chosen
    from public.tasks t
    where t.owner_id = owner and t.queue = wanted_queue and t.state = 'processing'
        and exists (
            select
            from public.pages p
            where p.task_id = t.id and p.state in ('queued', 'processing')
                and coalesce(p.lease_until, p.next_try_at) <= statement_timestamp()
                and (p.lease_token is null or p.tries < max_attempts)
        )
        and t.id = open_task;
    if found then
        return chosen;
    end if;

    select t.id into chosen
    from public.tasks t
    cross join lateral (
        select
        from public.pages p
        where p.task_id = t.id and p.state in ('queued', 'processing')
            and coalesce(p.lease_until, p.next_try_at) <= statement_timestamp()
            and (p.lease_token is null or p.tries < max_attempts)
        limit 1
    ) as readable
    where t.owner_id = owner and t.queue = wanted_queue and t.state = 'processing'
    order by t.created_at
    limit 1;
    return chosen;
end
$$;

-- Gives the task whose turn it is, null when there is nothing to do now. The queue first, then the owner with the
-- fewest pages in work and, of those, the one who was served longest ago, then choose_task_of(). A page that the asking
-- slot has read and is storing (`stored_lease`) doesn't count. It holds nothing: the claim that follows does.
create function choose_task(open_task uuid, stored_lease uuid, max_attempts integer, max_pages_per_owner integer)
    returns uuid
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    as $$
declare
    queues text[] := case when nextval('public.turns_taken') % 8 = 0
        then array['bulk', 'interactive'] else array['interactive', 'bulk'] end;
    wanted text;
    busy uuid[];
    full_owners uuid[];
    candidate uuid;
    chosen uuid;
begin
    foreach wanted in array queues loop
        select
            coalesce(array_agg(in_work.owner_id order by in_work.here, t.served_at nulls first, in_work.owner_id)
                filter (where in_work.here > 0), '{}'),
            coalesce(array_agg(in_work.owner_id)
                filter (where max_pages_per_owner > 0 and in_work.everywhere >= max_pages_per_owner), '{}')
        into busy, full_owners
        from (
            select
                held.owner_id,
                count(*) as everywhere,
                count(*) filter (where tasks.queue = wanted) as here
            from (
                select task_id, owner_id
                from public.pages
                where state = 'processing' and lease_until > statement_timestamp()
                    and lease_token is distinct from stored_lease
                union all
                select id, owner_id
                from public.tasks
                where lease_until > statement_timestamp()
            ) as held
            join public.tasks on tasks.id = held.task_id
            group by held.owner_id
        ) as in_work
        left join public.turns t on t.owner_id = in_work.owner_id and t.queue = wanted;

        for candidate in
            select owner_id
            from public.turns
            where queue = wanted and open_tasks > 0 and owner_id <> all (busy) and owner_id <> all (full_owners)
            order by served_at nulls first, created_at
            -- by the index, row by row; nobody comes so far
            limit 1000
        loop
            chosen := public.choose_task_of(candidate, wanted, open_task, max_attempts);
            if chosen is not null then
                return chosen;
            end if;
        end loop;

        foreach candidate in array busy loop
            continue when candidate = any (full_owners);
            chosen := public.choose_task_of(candidate, wanted, open_task, max_attempts);
            if chosen is not null then
                return chosen;
            end if;
        end loop;
    end loop;
    return null;
end
$$;

grant execute on function choose_task_of(uuid, text, uuid, integer), choose_task(uuid, uuid, integer, integer)
    to untxt_worker;

-- Workers that are alive: each writes its row again and again; who has been silent for a few beats is gone. Nothing
-- here says where a worker runs.
create table workers (
    id uuid primary key,
    version text not null,
    slots integer not null,
    -- Mean time of the last pages in a slot, in seconds; null as long as it has read none.
    page_seconds real,
    dropped_entries bigint not null default 0,
    started_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    constraint workers_version_check check (char_length(version) between 1 and 60),
    constraint workers_slots_check check (slots > 0),
    constraint workers_page_seconds_check check (page_seconds >= 0),
    constraint workers_dropped_entries_check check (dropped_entries >= 0)
);

alter table workers enable row level security;
alter table workers force row level security;

create policy workers_for_work on workers to untxt_worker
    using (true)
    with check (true);

-- For find_places() below, which runs as the owner of the tables.
create policy workers_for_places on workers for select to untxt_owner
    using (true);

grant select, insert, update, delete on workers to untxt_worker;

-- Where the actor's open tasks stand, in numbers only, because nobody may see the tasks of others. For each how many
-- pages are read before its next one, and how many until its last (a document that nobody has opened counts as one
-- page), if one slot read everything; and who is there to read.
create function find_places()
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
            greatest(1, t.page_count - t.pages_done - t.pages_failed)::bigint as pages
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
    left join queues other_queue on other_queue.queue <> placed.queue
$$;

create policy tasks_for_places on tasks for select to untxt_owner
    using (true);

grant execute on function find_places() to untxt_backend, untxt_worker;

-- Work that was given up because its attempts were used up or because it tried to get out; an operator may look at it
-- and replay it.
create table dead_letters (
    id bigint generated always as identity primary key,
    task_id uuid not null,
    owner_id uuid not null,
    -- Null: the document as a whole.
    page_number integer,
    reason text not null,
    attempts integer not null,
    at timestamptz not null default clock_timestamp(),
    constraint dead_letters_task_fkey foreign key (task_id, owner_id)
        references tasks (id, owner_id) on delete cascade,
    constraint dead_letters_key unique nulls not distinct (task_id, page_number),
    constraint dead_letters_page_number_check check (page_number > 0),
    constraint dead_letters_attempts_check check (attempts > 0)
);

alter table dead_letters enable row level security;
alter table dead_letters force row level security;

create policy dead_letters_for_work on dead_letters to untxt_worker
    using (true)
    with check (true);

grant select, insert on dead_letters to untxt_worker;
