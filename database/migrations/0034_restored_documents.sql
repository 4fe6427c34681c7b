-- What a person took back from the trash stays: the days of a rule that moves documents there are counted anew from then.

alter table documents add column restored_at timestamptz;

grant update (restored_at) on documents to untxt_backend;
grant select (restored_at) on documents to untxt_worker;

create or replace view document_retention with (security_invoker = true) as
select
    d.id as document_id,
    d.owner_id,
    d.created_at + make_interval(hours => 24 * r.keep_days) as keep_until,
    greatest(d.created_at, d.restored_at) + make_interval(hours => 24 * r.delete_days) as delete_at
from documents d
left join lateral folder_retention(d.folder_id) r on true;

-- As before, with the days counted so.
create or replace function guard_trash_by_worker() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if session_user <> 'untxt_worker' then
        return new;
    end if;
    if old.trashed_at is null and new.trash_reason = 'retention' and exists (
        select
        from public.folder_retention(new.folder_id) r
        where greatest(new.created_at, new.restored_at) + make_interval(hours => 24 * r.delete_days) <= clock_timestamp()
    ) then
        return new;
    end if;
    if old.trashed_at = new.trashed_at and old.trash_reason = new.trash_reason and old.shred_at <= new.shred_at then
        return new;
    end if;
    raise exception 'a worker trashes what a rule lets go'
        using errcode = 'check_violation', table = 'documents', constraint = 'documents_trash_by_rule';
end
$$;
