-- Which tokens there are, without saying of which pages. Of some 600 tokens that one misread letter makes of a word nearly
-- none stands in the index, which is a hundred times as large: asking it for each of them was most of what such a search cost
-- (decision 16).
--
-- The list has every token of every row that anybody can see: a row's are added in its transaction. It may have more for a
-- while: tokens of rows that are gone wait in search_tokens_left, and a worker takes out those that no row has any more. While
-- it does, no row may come that was told before that its token is there; so adding takes a lock that others can share, and
-- taking out has it alone.

create table search_tokens (
    token bigint not null,
    -- Which transaction added it: two that add it at once don't wait for each other, and it stands here twice.
    added_by bigint not null,
    primary key (token, added_by)
);

-- Tokens that a page of a document had. No receipt says that the document is shredded as long as there are any.
create table search_tokens_left (
    document_id uuid not null,
    token bigint not null,
    primary key (document_id, token)
);

alter table search_tokens enable row level security;
alter table search_tokens force row level security;
alter table search_tokens_left enable row level security;
alter table search_tokens_left force row level security;

-- For the functions below, which run as the owner of the tables.
create policy search_tokens_for_functions on search_tokens to untxt_owner
    using (true)
    with check (true);

create policy search_tokens_left_for_functions on search_tokens_left to untxt_owner
    using (true)
    with check (true);

create policy search_tokens_left_for_work on search_tokens_left for select to untxt_worker
    using (true);

grant select (document_id) on search_tokens_left to untxt_worker;

create function add_search_tokens() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_advisory_xact_lock_shared(x'554e54585354'::bigint);
    -- what the list has is asked after the lock is there
    insert into public.search_tokens (token, added_by)
    select distinct added.token, pg_current_xact_id()::text::bigint
    from new_rows
    cross join unnest(new_rows.tokens) as added (token)
    where not exists (select from public.search_tokens known where known.token = added.token)
    on conflict do nothing;
    return null;
end
$$;

create function leave_search_tokens() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    insert into public.search_tokens_left (document_id, token)
    select distinct old_rows.document_id, gone.token
    from old_rows
    cross join unnest(old_rows.tokens) as gone (token)
    on conflict do nothing;
    return null;
end
$$;

create trigger add_tokens after insert on search_pages
    referencing new table as new_rows
    for each statement execute function add_search_tokens();

create trigger add_other_tokens after update on search_pages
    referencing new table as new_rows
    for each statement execute function add_search_tokens();

create trigger leave_other_tokens after update on search_pages
    referencing old table as old_rows
    for each statement execute function leave_search_tokens();

create trigger leave_tokens after delete on search_pages
    referencing old table as old_rows
    for each statement execute function leave_search_tokens();

-- Takes tokens out that no row has any more, at most so many of a document's, or of anybody's; says how many it looked at.
-- Whoever adds some waits for it, so it waits for them two seconds at most, and fails then.
create function forget_search_tokens(wanted_document uuid, max_tokens integer) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
    -- Rows are to be found by the index of tokens alone.
    set enable_seqscan = off
    as $$
declare
    looked_at bigint[];
    gone bigint;
begin
    perform pg_advisory_xact_lock(x'554e54585354'::bigint);
    with taken as (
        delete from public.search_tokens_left waiting
        where (waiting.document_id, waiting.token) in (
            select document_id, token
            from public.search_tokens_left
            where wanted_document is null or document_id = wanted_document
            limit max_tokens
        )
        returning token
    )
    select array_agg(token) into looked_at from taken;
    foreach gone in array coalesce(looked_at, '{}') loop
        if not exists (select from public.search_pages p where p.tokens @> array[gone]) then
            delete from public.search_tokens where token = gone;
        end if;
    end loop;
    return coalesce(cardinality(looked_at), 0);
end
$$;

revoke execute on function forget_search_tokens(uuid, integer) from public;
grant execute on function forget_search_tokens(uuid, integer) to untxt_worker;

insert into search_tokens (token, added_by)
select distinct unnest(tokens), 0
from search_pages;

create or replace function find_near_search_pages(
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
                select string_agg(any_token.token::text, ',')
                from unnest(near[
                    coalesce(near_ends[place * clauses + clause], 0) + 1 : near_ends[place * clauses + clause + 1]
                ]) as any_token (token)
                where exists (select from public.search_tokens t where t.token = any_token.token)
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
