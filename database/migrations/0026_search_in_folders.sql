-- Search in folders and among tags. As in migration 24, with these two filters.

create policy document_tags_for_search on document_tags for select to untxt_owner
    using (true);

drop function find_search_pages(jsonb, uuid[], uuid, uuid, integer, bigint, bigint);
drop function find_near_search_pages(bigint[], uuid[], uuid, uuid, integer, bigint, bigint);

-- Writes down which readings are looked at. `$1` to `$7` are: only these documents, from and before these ids, in one of
-- these folders, with all of these tags, behind this segment and position. What is not asked for is left out, so that the
-- planner may join the rest.
create function search_filter(
    only_documents uuid[],
    from_document uuid,
    before_document uuid,
    in_folders uuid[],
    with_tags uuid[],
    after_segment integer
)
    returns text
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    begin atomic
        select concat(
            case when only_documents is not null then ' and p.document_id = any($1)' end,
            case when from_document is not null then ' and p.document_id >= $2' end,
            case when before_document is not null then ' and p.document_id < $3' end,
            case when in_folders is not null then
                ' and p.document_id in (
                    select d.id
                    from public.documents d
                    where d.owner_id = (select public.current_actor()) and d.folder_id = any($4)
                )'
            end,
            case when with_tags is not null then
                ' and p.document_id in (
                    select t.document_id
                    from public.document_tags t
                    where t.owner_id = (select public.current_actor()) and t.tag_id = any($5)
                    group by t.document_id
                    having count(*) = cardinality($5)
                )'
            end,
            case when after_segment is not null then ' and (p.segment, p.position) < ($6, $7)' end
        );
    end;

-- Finds the actor's readings that have what is wanted, newest first, those behind a place where another answer ended.
-- `wanted` are segments, newest first, each with the clauses of search_condition() in its own tokens. The first segment is
-- asked alone, then several at once: for a common word the newest suffices, for a rare one all are asked in a few statements.
create function find_search_pages(
    wanted jsonb,
    only_documents uuid[],
    from_document uuid,
    before_document uuid,
    in_folders uuid[],
    with_tags uuid[],
    after_segment integer,
    after_position bigint,
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
    filter constant text :=
        public.search_filter(only_documents, from_document, before_document, in_folders, with_tags, after_segment);
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
                and p.owner_id is not distinct from (select public.current_actor())' || filter || '
            -- not by an index: it would walk through all readings until it meets enough that have the words
            order by p.segment desc, (p.position + 0) desc
            limit $8'
            using
                only_documents, from_document, before_document, in_folders, with_tags, after_segment, after_position,
                remaining;
        get diagnostics found_rows = row_count;
        remaining := remaining - found_rows;
        next_place := next_place + step;
        step := step * 8;
    end loop;
end
$$;

-- Finds the actor's readings that have any of many tokens, some at a time, since Postgres compares every row that it finds
-- with all tokens that it looks for. Each batch gives its newest rows, `max_rows` of them at most.
create function find_near_search_pages(
    any_of bigint[],
    only_documents uuid[],
    from_document uuid,
    before_document uuid,
    in_folders uuid[],
    with_tags uuid[],
    after_segment integer,
    after_position bigint,
    max_rows bigint
)
    returns table (document_id uuid, task_id uuid, page_number integer, segment integer, "position" bigint, batch integer)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set work_mem = '32MB'
    set enable_seqscan = off
    as $$
declare
    at_once constant integer := 200;
    filter constant text :=
        public.search_filter(only_documents, from_document, before_document, in_folders, with_tags, after_segment);
begin
    for place in 1 .. coalesce(array_length(any_of, 1), 0) by at_once loop
        return query execute
            'select p.document_id, p.task_id, p.page_number, p.segment, p.position, $10
            from public.search_pages p
            where p.tokens && $9
                and p.owner_id is not distinct from (select public.current_actor())' || filter || '
            order by p.segment desc, (p.position + 0) desc
            limit $8'
            using
                only_documents, from_document, before_document, in_folders, with_tags, after_segment, after_position,
                max_rows, any_of[place : place + at_once - 1], place / at_once;
    end loop;
end
$$;

grant execute on function
    find_search_pages(jsonb, uuid[], uuid, uuid, uuid[], uuid[], integer, bigint, bigint),
    find_near_search_pages(bigint[], uuid[], uuid, uuid, uuid[], uuid[], integer, bigint, bigint)
    to untxt_backend;
