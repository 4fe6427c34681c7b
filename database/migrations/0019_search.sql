-- Search over sealed pages. For every reading of a page that worked out there is a row of tokens, HMACs under the owner's
-- index key of the words that it has. A reading has its row whether it is shown or not: which one is, the other rows of this
-- database say at any time, and whoever searches asks them. So nothing here has to follow when another one is shown.
--
-- The tokens of a word differ from segment to segment: so many readings of one owner, one after the other. Whoever has the
-- table can't count a word beyond a segment, and a common word stops a query after the newest ones.

-- Where readings stand among all of their owner, the newest highest. Numbers may be missing.
create sequence search_positions;
-- Where those stand that were read before there was an index, the newest highest, too: they are indexed from there downwards.
create sequence search_old_positions increment by -1;

create table search_pages (
    task_id uuid not null,
    page_number integer not null,
    owner_id uuid not null,
    document_id uuid not null,
    segment integer not null,
    position bigint not null,
    -- Under which of the owner's index keys the tokens are made.
    index_generation integer not null,
    tokens bigint[] not null,
    primary key (task_id, page_number),
    constraint search_pages_page_fkey foreign key (task_id, page_number)
        references pages (task_id, page_number) on delete cascade,
    constraint search_pages_index_generation_check check (index_generation > 0)
);

alter table search_pages
    -- Random numbers don't get smaller by packing them, and nobody knows how often one occurs by looking at a few.
    alter column tokens set storage external,
    alter column tokens set statistics 0;

-- No list of what is still to be merged into the index: every search would walk through it (decision 16).
create index search_pages_tokens_idx on search_pages using gin (tokens) with (fastupdate = off);
create index search_pages_owner_id_idx on search_pages (owner_id, index_generation, position desc);

-- How full the segments of an owner are. Deleted pages stay counted: a segment is not filled again.
create table search_segments (
    owner_id uuid not null,
    index_generation integer not null,
    segment integer not null,
    pages integer not null,
    primary key (owner_id, index_generation, segment),
    constraint search_segments_pages_check check (pages >= 0)
);

alter table search_pages enable row level security;
alter table search_pages force row level security;
alter table search_segments enable row level security;
alter table search_segments force row level security;

create policy search_pages_for_work on search_pages to untxt_worker
    using (true)
    with check (true);

create policy search_segments_for_work on search_segments to untxt_worker
    using (true)
    with check (true);

-- For the functions below, which run as the owner of the tables and look for the actor's rows themselves: under a policy
-- Postgres would not use the index, because it doesn't know that comparing arrays tells nothing of other rows.
create policy search_pages_for_search on search_pages for select to untxt_owner
    using (true);

create policy search_segments_of_actor on search_segments for select to untxt_backend
    using (owner_id = (select current_actor()));

grant select (task_id, page_number, owner_id, segment, position, index_generation) on search_pages to untxt_worker;
grant insert, delete on search_pages to untxt_worker;
grant update (index_generation, tokens) on search_pages to untxt_worker;
grant select, insert, delete on search_segments to untxt_worker;
grant update (pages) on search_segments to untxt_worker;
grant usage on sequence search_positions, search_old_positions to untxt_worker;
grant select on search_segments to untxt_backend;

-- Writes down the condition "of each clause all tokens of one list" from JSON: clauses of lists of tokens. What it gives
-- has numbers and operators only.
create function search_condition(clauses jsonb) returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    begin atomic
        select string_agg(condition, ' and ')
        from (
            select
                '(' || coalesce(string_agg(
                    'tokens @> ''{' || (
                        select string_agg(token::bigint::text, ',') from jsonb_array_elements_text(list) as token
                    ) || '}''::bigint[]',
                    ' or '
                ), 'false') || ')' as condition
            from jsonb_array_elements(clauses) with ordinality as clause (lists, place)
            left join lateral jsonb_array_elements(lists) as list on true
            group by place
        ) as conditions;
    end;

-- Finds the actor's readings that have what is wanted, newest first. `wanted` are segments, newest first, each with the
-- clauses of search_condition() in its own tokens. The first segment is asked alone, then several at once: for a common word
-- the newest suffices, for a rare one all are asked in a few statements.
create function find_search_pages(
    wanted jsonb,
    only_documents uuid[],
    from_document uuid,
    before_document uuid,
    max_rows bigint
)
    returns table (document_id uuid, task_id uuid, page_number integer, segment integer, "position" bigint)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    -- More rows than that are not found in one segment; beyond it the index would lead to whole blocks of the table, and the
    -- tokens of every row in them be read.
    set work_mem = '32MB'
    -- Tokens lie apart from their rows: walking through all rows looks cheap to the planner, and is not.
    set enable_seqscan = off
    as $$
declare
    segments constant integer := jsonb_array_length(wanted);
    next_place integer := 0;
    step integer := 1;
    condition text;
    found_rows bigint;
    remaining bigint := max_rows;
begin
    while next_place < segments and remaining > 0 loop
        select string_agg('(' || public.search_condition(wanted -> place) || ')', ' or ') into condition
        from generate_series(next_place, least(next_place + step, segments) - 1) as place;
        return query execute
            'select p.document_id, p.task_id, p.page_number, p.segment, p.position
            from public.search_pages p
            where (' || condition || ')
                -- not by "=": the planner would take the index of owners, and read the tokens of all their pages
                and p.owner_id is not distinct from (select public.current_actor())
                and ($1 is null or p.document_id = any($1))
                and ($2 is null or p.document_id >= $2)
                and ($3 is null or p.document_id < $3)
            -- not by an index: it would walk through all readings until it meets enough that have the words
            order by p.segment desc, (p.position + 0) desc
            limit $4'
            using only_documents, from_document, before_document, remaining;
        get diagnostics found_rows = row_count;
        remaining := remaining - found_rows;
        next_place := next_place + step;
        step := step * 8;
    end loop;
end
$$;

-- Finds the actor's readings that have any of many tokens, some at a time: Postgres compares every row that it finds with
-- all tokens that it looks for.
create function find_near_search_pages(
    any_of bigint[],
    only_documents uuid[],
    from_document uuid,
    before_document uuid,
    max_rows bigint
)
    returns table (document_id uuid, task_id uuid, page_number integer, segment integer, "position" bigint)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set work_mem = '32MB'
    set enable_seqscan = off
    as $$
declare
    at_once constant integer := 200;
    found_rows bigint;
    remaining bigint := max_rows;
begin
    for place in 1 .. coalesce(array_length(any_of, 1), 0) by at_once loop
        return query
            select p.document_id, p.task_id, p.page_number, p.segment, p.position
            from public.search_pages p
            where p.tokens && any_of[place : place + at_once - 1]
                and p.owner_id is not distinct from (select public.current_actor())
                and (only_documents is null or p.document_id = any(only_documents))
                and (from_document is null or p.document_id >= from_document)
                and (before_document is null or p.document_id < before_document)
            limit remaining;
        get diagnostics found_rows = row_count;
        remaining := remaining - found_rows;
        exit when remaining <= 0;
    end loop;
end
$$;

-- Says which of some of the actor's readings have what is wanted: their places in the two lists, from 1.
create function match_search_pages(tasks uuid[], pages integer[], wanted jsonb)
    returns setof bigint
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    as $$
declare
    condition text;
begin
    select string_agg('(' || public.search_condition(clauses) || ')', ' or ') into condition
    from jsonb_array_elements(wanted) as clauses;
    return query execute
        'select r.place
        from unnest($1, $2) with ordinality as r (task_id, page_number, place)
        join public.search_pages p on p.task_id = r.task_id and p.page_number = r.page_number
        where (' || condition || ') and p.owner_id = (select public.current_actor())'
        using tasks, pages;
end
$$;

grant execute on function
    find_search_pages(jsonb, uuid[], uuid, uuid, bigint),
    find_near_search_pages(bigint[], uuid[], uuid, uuid, bigint),
    match_search_pages(uuid[], integer[], jsonb)
    to untxt_backend;
