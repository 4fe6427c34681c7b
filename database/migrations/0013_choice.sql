-- As in migration 7, with one question where the same was asked of three states: what only needs its end, what somebody
-- began to look into and left, what nobody has looked into. It names the states, or it could not use the index of what
-- is open.
create or replace function choose_task_of(owner uuid, wanted_queue text, open_task uuid, max_attempts integer)
    returns uuid
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    as $$
declare
    wanted_state text;
    chosen uuid;
begin
    foreach wanted_state in array array['finishing', 'inspecting', 'queued'] loop
        select id into chosen
        from public.tasks
        where owner_id = owner and queue = wanted_queue and state = wanted_state
            and state in ('queued', 'inspecting', 'processing', 'finishing')
            and coalesce(lease_until, next_try_at) <= statement_timestamp()
            and (lease_token is null or tries < max_attempts)
        order by created_at
        limit 1;
        if found then
            return chosen;
        end if;
    end loop;

    -- first pages
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

    -- the document that the asking slot has open
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

    -- the oldest
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
