-- Access in an emergency: an administrator or a reviewer reads one document, or all of an owner, that nobody shared with them, for
-- some minutes and with a reason. right_on() has one source more, and it gives reading only. What runs is decided by the
-- clock of the database at each question: nobody has to end it. Only transactions that say so (untxt.emergency) read by it: those
-- of a person who is logged in, on a server whose settings allow it. A program's token is no person in an emergency.

create table emergency_accesses (
    id uuid primary key,
    made_by uuid not null references users (id),
    -- A person or a team; whose the document is, or who owns all that is read.
    owner_id uuid not null,
    -- Null: everything of this owner. It stands here also when the document is gone.
    document_id uuid,
    -- A case number, if there is one. In clear, as that of a legal hold: no names of people belong here.
    reference text,
    -- Sealed by the label key of whoever made it.
    reason_sealed bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    ends_at timestamptz not null,
    -- Set when it was ended before its time.
    ended_at timestamptz,
    -- Null with a time: whoever made it was disabled or got another role.
    ended_by uuid,
    constraint emergency_accesses_foreign_check check (made_by <> owner_id),
    constraint emergency_accesses_reference_check check (reference ~ '^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}$'),
    constraint emergency_accesses_reason_check check (octet_length(reason_sealed) between 1 and 4096),
    constraint emergency_accesses_ends_at_check check (
        ends_at > created_at and ends_at <= created_at + interval '1 day'
    )
);

create index emergency_accesses_made_by_idx on emergency_accesses (made_by, owner_id);
create index emergency_accesses_owner_id_idx on emergency_accesses (owner_id);
create index emergency_accesses_document_id_idx on emergency_accesses (document_id) where document_id is not null;

-- Which documents were read by it.
create table emergency_reads (
    access_id uuid not null references emergency_accesses (id) on delete cascade,
    document_id uuid not null,
    first_at timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp(),
    reads bigint not null default 1,
    primary key (access_id, document_id)
);

create index emergency_reads_document_id_idx on emergency_reads (document_id);

alter table emergency_accesses enable row level security;
alter table emergency_accesses force row level security;
alter table emergency_reads enable row level security;
alter table emergency_reads force row level security;

-- For the functions and triggers below, which run as the owner.
create policy emergency_accesses_for_functions on emergency_accesses to untxt_owner using (true) with check (true);
create policy emergency_reads_for_functions on emergency_reads to untxt_owner using (true) with check (true);

-- Whoever made it, whose the documents are, and those who read the record.
create policy emergency_accesses_seen on emergency_accesses for select to untxt_backend
    using (
        made_by = (select current_actor())
        or owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or (select may_read_audit())
    );

create policy emergency_reads_seen on emergency_reads for select to untxt_backend
    using (exists (select from emergency_accesses e where e.id = access_id));

-- Everything else goes through the functions.
grant select on emergency_accesses, emergency_reads to untxt_backend;

-- What the actor has taken and what runs now, of this owner.
create function running_emergencies(owner uuid) returns setof emergency_accesses
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    rows 1
    as $$
    select e.*
    from public.emergency_accesses e
    where current_setting('untxt.emergency', true) = 'on'
        and e.made_by = public.current_actor()
        and e.owner_id = owner
        and e.ended_at is null
        and e.ends_at > clock_timestamp()
        and exists (
            select
            from public.users u
            where u.id = e.made_by and u.disabled_at is null and u.role in ('admin', 'reviewer')
        )
$$;

-- Whether the actor reads this document in an emergency now. Nobody does while it lies in the trash.
create function is_read_in_emergency(document uuid) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select exists (
        select
        from public.documents d
        cross join lateral public.running_emergencies(d.owner_id) e
        where d.id = document and d.trashed_at is null and (e.document_id is null or e.document_id = d.id)
    )
$$;

-- As before, and what an emergency gives: reading, and nothing else.
create or replace function right_on(document uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    given integer;
begin
    if public.current_actor() is null then
        return case when document = public.linked_document() then 1 else 0 end;
    end if;
    given := public.right_of(public.current_actor(), document);
    if given = 0 and current_setting('untxt.emergency', true) = 'on' and public.is_read_in_emergency(document) then
        return 1;
    end if;
    return given;
end
$$;

-- The versions of the owner's key that open what is read, still wrapped by the root key.
create function opens_in_emergency(owner uuid, version integer) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select exists (
        select
        from public.running_emergencies(owner) e
        join public.documents d
            on d.owner_id = owner
            and d.owner_key_version = version
            and d.trashed_at is null
            and (e.document_id is null or e.document_id = d.id)
    )
$$;

create policy owner_keys_seen_in_emergency on owner_keys for select to untxt_backend
    using ((select current_setting('untxt.emergency', true)) = 'on' and opens_in_emergency(owner_id, version));

-- Whether somebody who reads the record asks for the key that sealed the reasons of this person.
create function explains_emergencies(person uuid) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select public.may_read_audit() and exists (select from public.emergency_accesses e where e.made_by = person)
$$;

create policy label_keys_seen_for_reasons on label_keys for select to untxt_backend
    using ((select may_read_audit()) and explains_emergencies(owner_id));

create policy owner_keys_seen_for_reasons on owner_keys for select to untxt_backend
    using (
        (select may_read_audit())
        and explains_emergencies(owner_id)
        and exists (
            select
            from label_keys k
            where k.owner_id = owner_keys.owner_id and k.owner_key_version = owner_keys.version
        )
    );

-- Begins an access of the actor. No row: they may not, or there is no such document (outside of the trash), person or team of
-- somebody else. Whoever is disabled or gets another role at that moment waits for this, or this for that.
create function begin_emergency(
    access uuid, document uuid, person uuid, team uuid, minutes integer, case_number text, reason bytea
)
    returns table (owner_id uuid, created_at timestamptz, ends_at timestamptz)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    found_owner uuid;
    begun timestamptz;
begin
    perform pg_advisory_xact_lock(hashtextextended(public.current_actor()::text, 74));
    perform
    from public.users u
    where u.id = public.current_actor()
        and u.disabled_at is null
        and u.role in ('admin', 'reviewer')
        and current_setting('untxt.emergency', true) = 'on';
    if not found or num_nonnulls(document, person, team) <> 1 then
        return;
    end if;
    found_owner := coalesce(
        (select d.owner_id from public.documents d where d.id = document and d.trashed_at is null),
        (select u.id from public.users u where u.id = person),
        (select t.id from public.teams t where t.id = team)
    );
    if found_owner is null or found_owner = public.current_actor() then
        return;
    end if;
    begun := clock_timestamp();
    return query
    insert into public.emergency_accesses as e
        (id, made_by, owner_id, document_id, reference, reason_sealed, created_at, ends_at)
    values (
        access, public.current_actor(), found_owner, document, case_number, reason, begun,
        begun + make_interval(mins => minutes)
    )
    returning e.owner_id, e.created_at, e.ends_at;
end
$$;

-- Ends one at once; ending it twice is fine. No row: there is none that the actor may end.
create function end_emergency(access uuid)
    returns table (owner_id uuid, document_id uuid)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.emergency_accesses e
    set ended_at = clock_timestamp(), ended_by = public.current_actor()
    where e.id = access
        and e.ended_at is null
        and e.ends_at > clock_timestamp()
        and (e.made_by = public.current_actor() or public.is_admin());
    return query
    select e.owner_id, e.document_id
    from public.emergency_accesses e
    where e.id = access and (e.made_by = public.current_actor() or public.is_admin());
end
$$;

-- Notes that the actor has read something of a document within the last seconds, and gives by which access; null: by none. Also
-- one that has ended meanwhile counts, so that no reading is missed.
create function note_emergency_read(object uuid, is_task boolean, seconds double precision) returns uuid
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    read_document uuid := object;
    used uuid;
begin
    if is_task then
        read_document := (select t.document_id from public.tasks t where t.id = object);
    end if;
    select e.id into used
    from public.documents d
    join public.emergency_accesses e on e.owner_id = d.owner_id and (e.document_id is null or e.document_id = d.id)
    where d.id = read_document
        and e.made_by = public.current_actor()
        and least(e.ends_at, coalesce(e.ended_at, e.ends_at)) > clock_timestamp() - make_interval(secs => seconds)
        and public.right_as_owner(e.made_by, d.owner_id) = 0
    order by e.id desc
    limit 1;
    if used is not null then
        insert into public.emergency_reads as r (access_id, document_id)
        values (used, read_document)
        on conflict (access_id, document_id) do update set reads = r.reads + 1, last_at = clock_timestamp();
    end if;
    return used;
end
$$;

-- Who is written that the actor took it: whose documents they are, whoever manages their team, and administrators; once each.
create function list_emergency_addresses(access uuid) returns setof text
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select distinct u.mail
    from public.emergency_accesses e
    join public.users u
        on u.id = e.owner_id
        or u.role = 'admin'
        or exists (
            select from public.team_members m where m.team_id = e.owner_id and m.user_id = u.id and m.is_manager
        )
    where e.id = access
        and e.made_by = public.current_actor()
        and u.mail is not null
        and u.disabled_at is null
    limit 100
$$;

grant execute on function
    list_emergency_addresses(uuid), running_emergencies(uuid), is_read_in_emergency(uuid), opens_in_emergency(uuid, integer), explains_emergencies(uuid),
    begin_emergency(uuid, uuid, uuid, uuid, integer, text, bytea), end_emergency(uuid),
    note_emergency_read(uuid, boolean, double precision)
    to untxt_backend;

-- An account that is let in again, or gets its role back, brings nothing along.
create function end_emergencies_of_person() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(new.id::text, 74));
    update public.emergency_accesses e
    set ended_at = clock_timestamp()
    where e.made_by = new.id and e.ended_at is null and e.ends_at > clock_timestamp();
    return null;
end
$$;

create trigger users_end_emergencies
    after update of disabled_at, role on users
    for each row
    when (new.disabled_at is distinct from old.disabled_at or new.role is distinct from old.role)
    execute function end_emergencies_of_person();

-- Whoever sees more or less by it, and whose documents they are, look again. Ids only.
create function notify_emergency() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_notify('rights_changed', json_build_object('user', concerned.id)::text)
    from (
        select new.made_by as id
        union
        select u.id from public.users u where u.id = new.owner_id
        union
        select m.user_id from public.team_members m where m.team_id = new.owner_id
    ) as concerned;
    return null;
end
$$;

create trigger emergency_accesses_notify
    after insert or update of ended_at on emergency_accesses
    for each row
    execute function notify_emergency();
