-- Tags under a tag key that somebody else may know are forgotten: whoever has that key could test for a known file with
-- them. They only serve to answer an upload that is sent again.

alter table documents
    alter column content_tag drop not null,
    -- Under which of the owner's tag keys the tags are made.
    add column tag_generation integer not null default 1,
    add constraint documents_tag_generation_check check (tag_generation > 0);

create index documents_tag_generation_idx on documents (owner_id, tag_generation) where content_tag is not null;

create policy documents_for_tags on documents for update to untxt_owner
    using (true)
    with check (true);

-- Forgets tags of the actor that were made with an older tag key than that of now, and says how many documents had some. Who
-- asks sees none of them.
create function forget_old_tags(max_rows bigint) returns bigint
    language sql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with old as (
        select d.id
        from public.documents d
        join public.owner_keys k on k.owner_id = d.owner_id and k.state = 'active'
        where session_user = 'untxt_worker'
            and d.owner_id = (select public.current_actor())
            and d.tag_generation < k.tag_generation
            and d.content_tag is not null
        order by d.id
        limit max_rows
        for update of d
    ),
    forgotten as (
        update public.documents d
        set content_tag = null, idempotency_tag = null
        from old
        where d.id = old.id
        returning d.id
    )
    select count(*) from forgotten
$$;

-- Owners of whose keys something is to be done, as in migration 21; also: the index key is too old (`index_age`, null: it
-- never is), the tag key is not wrapped for itself, tags of an older one are left. A compromised key has no grace.
create function list_key_upkeep(
    root text,
    max_age interval,
    index_age interval,
    grace interval,
    after uuid,
    max_rows bigint
)
    returns table (owner_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select distinct k.owner_id
    from public.owner_keys k
    where session_user = 'untxt_worker'
        and k.state <> 'destroyed'
        and (after is null or k.owner_id > after)
        and (
            k.state in ('pending', 'compromised')
            or k.kms_key_id <> root
            or k.index_wrapped_by = 'root'
            or k.wrapped_tag_key is null
            or (
                k.state = 'active'
                and (
                    k.created_at < clock_timestamp() - max_age
                    or k.wraps >= 2147483648
                    or exists (
                        select
                        from public.owner_keys i
                        where i.owner_id = k.owner_id
                            and i.version = k.index_generation
                            and i.created_at < clock_timestamp() - index_age
                    )
                    or exists (
                        select
                        from public.documents d
                        where d.owner_id = k.owner_id
                            and d.tag_generation < k.tag_generation
                            and d.content_tag is not null
                    )
                )
            )
            or (
                k.state = 'retired'
                and (
                    k.retired_at < clock_timestamp() - grace
                    or exists (
                        select
                        from public.documents d
                        where d.owner_id = k.owner_id and d.owner_key_version = k.version
                    )
                    or exists (
                        select
                        from public.label_keys l
                        where l.owner_id = k.owner_id and l.owner_key_version = k.version
                    )
                )
            )
        )
    order by k.owner_id
    limit max_rows
$$;

grant execute on function
    forget_old_tags(bigint), list_key_upkeep(text, interval, interval, interval, uuid, bigint)
    to untxt_worker;
