-- Legal holds: what a dispute or an authority asks for stays, whatever its owner, a rule of a folder or the trash would have. A
-- hold is of a document, or of a person or a team and then of all that they own, also of what comes later. It may still be put
-- into the trash, and taken back.

create table legal_holds (
    id uuid primary key,
    document_id uuid references documents (id) on delete cascade,
    user_id uuid references users (id),
    team_id uuid references teams (id),
    -- A case number. In clear: no names of people belong here.
    reference text not null,
    set_by uuid not null references users (id),
    created_at timestamptz not null default clock_timestamp(),
    constraint legal_holds_of_one_check check (num_nonnulls(document_id, user_id, team_id) = 1),
    constraint legal_holds_reference_check check (reference ~ '^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}$')
);

create index legal_holds_document_id_idx on legal_holds (document_id) where document_id is not null;
create index legal_holds_user_id_idx on legal_holds (user_id) where user_id is not null;
create index legal_holds_team_id_idx on legal_holds (team_id) where team_id is not null;
create index legal_holds_set_by_idx on legal_holds (set_by);

alter table legal_holds enable row level security;
alter table legal_holds force row level security;

create policy legal_holds_of_admins on legal_holds to untxt_backend
    using ((select is_admin()))
    with check ((select is_admin()) and set_by = (select current_actor()));

-- For is_held() below, which runs as the owner.
create policy legal_holds_asked on legal_holds for select to untxt_owner
    using (true);

grant select, delete on legal_holds to untxt_backend;
grant insert (id, document_id, user_id, team_id, reference, set_by) on legal_holds to untxt_backend;

-- Says whether a hold keeps a document of this owner.
create function is_held(document uuid, owner uuid) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select exists (
        select from public.legal_holds h where h.document_id = document or h.user_id = owner or h.team_id = owner
    )
$$;

grant execute on function is_held(uuid, uuid) to untxt_backend, untxt_worker;

-- Whoever sets a hold waits for deletions that were let through before it: what is there when it is set stays. The number is
-- any, and the same in guard_retention() below.
create function wait_for_deletions() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_advisory_xact_lock(x'554e545848'::bigint);
    return null;
end
$$;

create trigger legal_holds_wait
    before insert on legal_holds
    for each statement
    execute function wait_for_deletions();

-- As before, and what is held.
create or replace function guard_retention() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if session_user not in ('untxt_backend', 'untxt_worker') then
        return old;
    end if;
    -- Before the question, so that the answer holds until the end of this transaction.
    perform pg_advisory_xact_lock_shared(x'554e545848'::bigint);
    if public.is_held(old.id, old.owner_id) then
        raise exception 'a legal hold keeps the document'
            using errcode = 'check_violation', table = 'documents', constraint = 'documents_held';
    end if;
    if exists (
        select
        from public.folder_retention(old.folder_id) r
        where old.created_at + make_interval(hours => 24 * r.keep_days) > clock_timestamp()
    ) then
        raise exception 'the rule of its folder keeps the document'
            using errcode = 'check_violation', table = 'documents', constraint = 'documents_retained';
    end if;
    return old;
end
$$;

-- As before, without what is held.
create or replace function list_due_documents(after_at timestamptz, after_id uuid, max_rows bigint)
    returns table (document_id uuid, owner_id uuid, shred_at timestamptz)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select d.id, d.owner_id, d.shred_at
    from public.documents d
    where session_user = 'untxt_worker'
        and d.trashed_at is not null
        and d.shred_at <= clock_timestamp()
        and (after_at is null or (d.shred_at, d.id) > (after_at, after_id))
        and not public.is_held(d.id, d.owner_id)
    order by d.shred_at, d.id
    limit max_rows
$$;
