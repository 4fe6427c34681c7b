-- What owners may use: pages that are read in a month of the calendar (UTC), and bytes of files that lie here, those in the trash
-- included. The server's settings say how much, unless an administrator said otherwise of a person.

-- What each task has read; it stays when the task goes. A row of its own for each, so that nobody waits for another who ends one.
create table page_usage (
    task_id uuid primary key,
    owner_id uuid not null,
    -- The first day of the month in which it ended.
    month date not null,
    pages bigint not null,
    constraint page_usage_pages_check check (pages > 0)
);

create index page_usage_owner_id_idx on page_usage (owner_id, month) include (pages);

create table quotas (
    user_id uuid primary key references users (id) on delete cascade,
    -- Null: as the server has it; 0: none at all.
    pages_per_month bigint,
    bytes bigint,
    set_by uuid not null references users (id),
    set_at timestamptz not null default clock_timestamp(),
    constraint quotas_check check (pages_per_month >= 0 and bytes >= 0)
);

create index quotas_set_by_idx on quotas (set_by);

alter table page_usage enable row level security;
alter table page_usage force row level security;
alter table quotas enable row level security;
alter table quotas force row level security;

-- For the functions below, which run as the owner.
create policy page_usage_of_functions on page_usage to untxt_owner using (true) with check (true);
create policy quotas_of_functions on quotas to untxt_owner using (true) with check (true);

create policy page_usage_seen on page_usage for select to untxt_backend
    using (owner_id = (select current_actor()) or owner_id = any ((select current_teams())::uuid[]));

create policy quotas_seen on quotas for select to untxt_backend
    using (user_id = (select current_actor()) or (select is_admin()));

create policy quotas_set on quotas for insert to untxt_backend
    with check ((select is_admin()) and set_by = (select current_actor()));

create policy quotas_changed on quotas for update to untxt_backend
    using ((select is_admin()))
    with check ((select is_admin()) and set_by = (select current_actor()));

grant select on page_usage to untxt_backend;
grant select, insert, update on quotas to untxt_backend;

-- Adds what a task has read once it has ended, or is deleted before. Pages that it took over from another task it has not read.
create function count_read_pages() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    read_pages bigint;
begin
    if old.is_rerun then
        select count(*) into read_pages
        from public.pages p
        where p.task_id = old.id and p.attempt > 0 and p.state in ('done', 'failed');
    elsif tg_op = 'DELETE' then
        read_pages := old.pages_done + old.pages_failed;
    else
        read_pages := new.pages_done + new.pages_failed;
    end if;
    if read_pages > 0 then
        insert into public.page_usage (task_id, owner_id, month, pages)
        values (old.id, old.owner_id, date_trunc('month', clock_timestamp() at time zone 'utc'), read_pages)
        on conflict (task_id) do nothing;
    end if;
    return old;
end
$$;

create trigger tasks_count_read
    after update of state on tasks
    for each row
    when (new.state in ('done', 'done_with_errors', 'failed', 'cancelled'))
    execute function count_read_pages();

create trigger tasks_count_read_of_deleted
    before delete on tasks
    for each row
    when (old.state in ('queued', 'inspecting', 'processing', 'finishing'))
    execute function count_read_pages();

-- What an owner has used and may use: pages of this month with those that open tasks will read (one at least for each), and bytes.
create function usage_of(owner uuid)
    returns table (pages bigint, bytes bigint, next_month timestamptz, pages_limit bigint, bytes_limit bigint)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    as $$
declare
    this_month date := date_trunc('month', clock_timestamp() at time zone 'utc');
begin
    return query
    select
        (
            select coalesce(sum(u.pages), 0)::bigint
            from public.page_usage u
            where u.owner_id = owner and u.month = this_month
        ) + (
            select coalesce(sum(greatest(t.page_count - t.pages_done - t.pages_failed - t.pages_unread + (
                select count(*)
                from public.pages p
                where p.task_id = t.id and p.attempt > 0 and p.state in ('done', 'failed')
            ), 1)), 0)::bigint
            from public.tasks t
            where t.owner_id = owner and t.state in ('queued', 'inspecting', 'processing', 'finishing')
        ),
        (select coalesce(sum(d.size_bytes), 0)::bigint from public.documents d where d.owner_id = owner),
        (this_month + interval '1 month') at time zone 'utc',
        (select q.pages_per_month from public.quotas q where q.user_id = owner),
        (select q.bytes from public.quotas q where q.user_id = owner);
end
$$;

revoke execute on function usage_of(uuid) from public;

-- The same for that owner, a member of the team, or, of a person, an administrator.
create function read_usage(owner uuid)
    returns table (pages bigint, bytes bigint, next_month timestamptz, pages_limit bigint, bytes_limit bigint)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select u.*
    from public.usage_of(owner) u
    where owner = public.current_actor() or owner = any (public.current_teams())
        or public.is_admin() and exists (select from public.users p where p.id = owner)
$$;

-- The same of whose a document is, for whoever may have it read again.
create function read_usage_by(document uuid)
    returns table (
        owner_id uuid, pages bigint, bytes bigint, next_month timestamptz, pages_limit bigint, bytes_limit bigint
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select d.owner_id, u.*
    from public.documents d
    cross join public.usage_of(d.owner_id) u
    where d.id = document and public.right_on(document) >= 2
$$;

-- Held until the transaction ends: of uploads that come at once, each sees what the ones before it used.
create function lock_usage(owner uuid) returns void
    language sql
    set search_path = pg_catalog, pg_temp
    as $$
    select pg_advisory_xact_lock(hashtextextended('usage ' || owner::text, 0))
$$;

grant execute on function read_usage(uuid), read_usage_by(uuid), lock_usage(uuid) to untxt_backend;
