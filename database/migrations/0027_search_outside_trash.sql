-- What is in the trash is not found: as in migration 26, without it.

-- Writes down which readings are looked at. `$1` to `$7` are: only these documents, from and before these ids, in one of
-- these folders, with all of these tags, behind this segment and position; and never what is in the trash. What is not asked
-- for is left out, so that the planner may join the rest.
create or replace function search_filter(
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
            case when after_segment is not null then ' and (p.segment, p.position) < ($6, $7)' end,
            case when exists (
                select
                from public.documents d
                where d.owner_id = (select public.current_actor()) and d.trashed_at is not null
            ) then
                ' and p.document_id not in (
                    select d.id
                    from public.documents d
                    where d.owner_id = (select public.current_actor()) and d.trashed_at is not null
                )'
            end
        );
    end;
