-- Misread words are looked for from the newest segment on, and of all that there may be only those that there are.

drop function find_near_search_pages(bigint[], uuid[], uuid, uuid, uuid[], uuid[], integer, bigint, bigint);
drop function match_search_pages(uuid[], integer[], jsonb);

-- Tokens lie apart from their rows, and the planner doesn't know what it costs to fetch and compare them: rows are to be
-- dear, so that every condition on tokens is asked of the index. And a search is too short to start processes for it.
alter function find_search_pages(jsonb, uuid[], uuid, uuid, uuid[], uuid[], integer, bigint, bigint)
    set cpu_tuple_cost = 1e6
    set max_parallel_workers_per_gather = 0;

-- Finds the actor's readings that have what is wanted, but not without a misread word, newest first, those behind a place
-- where another answer ended. `wanted` are segments as for find_search_pages(). `near` are the tokens of what one misread
-- letter makes of the words of each clause, and `near_ends` where they end in it: for the clauses of the first segment, then
-- for those of the second, and so on.
create function find_near_search_pages(
    wanted jsonb,
    near bigint[],
    near_ends integer[],
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
    set work_mem = '32MB'
    set enable_seqscan = off
    set cpu_tuple_cost = 1e6
    set max_parallel_workers_per_gather = 0
    as $$
declare
    segments constant integer := jsonb_array_length(wanted);
    clauses constant integer := jsonb_array_length(wanted -> 0);
    filter constant text :=
        public.search_filter(only_documents, from_document, before_document, in_folders, with_tags, after_segment);
    next_place integer := 0;
    step integer := 1;
    condition text;
    exact text;
    found_rows bigint;
    remaining bigint := max_rows;
begin
    while next_place < segments and remaining > 0 loop
        -- Of some 600 tokens nearly none stands in the index. Those that do are asked for together with the word itself: the
        -- index compares all that it is asked for with every row that it finds, and passes over rows where another clause
        -- has nothing, if each clause is a single condition.
        select
            string_agg('(' || met.condition || ')', ' or '),
            string_agg('(' || public.search_condition(wanted -> place) || ')', ' or ')
        into condition, exact
        from generate_series(next_place, least(next_place + step, segments) - 1) as place
        cross join lateral (
            select
                string_agg(
                    format(
                        '(tokens && ''{%s}''%s)',
                        concat_ws(',', known.tokens, exact_ones.tokens),
                        ' or ' || public.search_condition(nullif(jsonb_build_array(exact_ones.lists), '[null]'))
                    ),
                    ' and '
                ),
                bool_or(known.tokens is not null)
            from generate_series(0, clauses - 1) as clause
            cross join lateral (
                select string_agg(token::text, ',')
                from unnest(near[
                    coalesce(near_ends[place * clauses + clause], 0) + 1 : near_ends[place * clauses + clause + 1]
                ]) as token
                where exists (select from public.search_pages p where p.tokens @> array[token])
            ) as known (tokens)
            cross join lateral (
                select
                    string_agg(list ->> 0, ',') filter (where jsonb_array_length(list) = 1),
                    jsonb_agg(list) filter (where jsonb_array_length(list) > 1)
                from jsonb_array_elements(wanted -> place -> clause) as list
            ) as exact_ones (tokens, lists)
        ) as met (condition, is_any_known)
        where met.is_any_known;
        if condition is not null then
            return query execute
                'select p.document_id, p.task_id, p.page_number, p.segment, p.position
                from public.search_pages p
                where (' || condition || ')
                    and p.ctid not in (select ctid from public.search_pages where ' || exact || ')
                    and p.owner_id is not distinct from (select public.current_actor())' || filter || '
                order by p.segment desc, (p.position + 0) desc
                limit $8'
                using
                    only_documents, from_document, before_document, in_folders, with_tags, after_segment, after_position,
                    remaining;
            get diagnostics found_rows = row_count;
            remaining := remaining - found_rows;
        end if;
        next_place := next_place + step;
        step := step * 8;
    end loop;
end
$$;

grant execute on function
    find_near_search_pages(jsonb, bigint[], integer[], uuid[], uuid, uuid, uuid[], uuid[], integer, bigint, bigint)
    to untxt_backend;
