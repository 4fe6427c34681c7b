-- As in migration 10, but a dead letter is answered only by a later run that does what was given up: that reads the page,
-- or anything of a document that could not be begun, or comes to an end of its own where only the end was lacking. It was
-- answered by any later run that was not void, also by one that left the page alone or read nothing.
create or replace function list_dead_letters(unanswered boolean, max_rows bigint)
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
                where later.document_id = t.document_id
                    and (later.created_at, later.id) > (t.created_at, t.id)
                    and case
                        when l.page_number is not null then exists (
                            select
                            from public.pages p
                            where p.task_id = later.id
                                and p.page_number = l.page_number
                                and p.state in ('queued', 'processing', 'done', 'failed')
                        )
                        when later.is_void then false
                        -- its pages had been read
                        when t.started_at is not null then true
                        -- it has no rows as long as nobody has opened the document
                        else not later.is_rerun or exists (
                            select
                            from public.pages p
                            where p.task_id = later.id and p.state <> 'kept'
                        )
                    end
            )
        )
    order by l.id desc
    limit max_rows
$$;
