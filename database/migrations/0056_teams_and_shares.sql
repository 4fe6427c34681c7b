-- Teams, and what is shared inside. An owner is a person or a team: a team has an id of its own, under which its documents
-- and keys stand as those of a person stand under theirs. Who may do what with a document is answered by right_on() alone,
-- from four sources: it is mine, it is of a team of mine, it is shared with me, or a folder that it lies in is. Every policy
-- of migration 57 asks it, and the program asks it before it does something.

create table teams (
    id uuid primary key,
    -- In clear: the name is shown to whoever shares something with the team.
    name text not null,
    created_by uuid not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint teams_name_key unique (name),
    constraint teams_name_check check (char_length(name) between 1 and 100)
);

create table team_members (
    team_id uuid not null references teams (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    -- A member reads, corrects and uploads what is the team's; a manager does everything, and says who belongs to it.
    is_manager boolean not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (team_id, user_id)
);

create index team_members_user_id_idx on team_members (user_id);

-- Rights are numbers here, each has those below it: 0 none, 1 read, 2 correct, 3 manage.
create table shares (
    id uuid primary key,
    owner_id uuid not null,
    -- One of the two; a folder with everything that lies in it, also later.
    document_id uuid,
    folder_id uuid,
    -- One of the two.
    user_id uuid references users (id) on delete cascade,
    team_id uuid references teams (id) on delete cascade,
    rank integer not null,
    granted_by uuid not null,
    -- The share by which whoever gave this one may: it ends with it. Null: it was the owner, or a manager of the team.
    parent_id uuid references shares (id) on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    ends_at timestamptz,
    -- It is as if it were not there until then.
    paused_until timestamptz,
    constraint shares_document_fkey foreign key (document_id, owner_id)
        references documents (id, owner_id) on delete cascade,
    constraint shares_folder_fkey foreign key (folder_id, owner_id) references folders (id, owner_id) on delete cascade,
    constraint shares_object_check check (num_nonnulls(document_id, folder_id) = 1),
    constraint shares_grantee_check check (num_nonnulls(user_id, team_id) = 1),
    constraint shares_rank_check check (rank between 1 and 3),
    constraint shares_document_user_key unique (document_id, user_id),
    constraint shares_document_team_key unique (document_id, team_id),
    constraint shares_folder_user_key unique (folder_id, user_id),
    constraint shares_folder_team_key unique (folder_id, team_id)
);

create index shares_user_id_idx on shares (user_id, owner_id) where user_id is not null;
create index shares_team_id_idx on shares (team_id, owner_id) where team_id is not null;
create index shares_owner_id_idx on shares (owner_id);
create index shares_parent_id_idx on shares (parent_id) where parent_id is not null;

alter table teams enable row level security;
alter table teams force row level security;
alter table team_members enable row level security;
alter table team_members force row level security;
alter table shares enable row level security;
alter table shares force row level security;

-- For the functions and triggers below, which run as the owner of the tables.
create policy teams_for_rights on teams to untxt_owner using (true) with check (true);
create policy team_members_for_rights on team_members to untxt_owner using (true) with check (true);
create policy shares_for_rights on shares to untxt_owner using (true) with check (true);

-- Teams of the actor, and those that the actor manages.
create function current_teams() returns uuid[]
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        select coalesce(array_agg(m.team_id), '{}')
        from public.team_members m
        where m.user_id = public.current_actor();
    end;

create function managed_teams() returns uuid[]
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    begin atomic
        select coalesce(array_agg(m.team_id), '{}')
        from public.team_members m
        where m.user_id = public.current_actor() and m.is_manager;
    end;

-- The shares that reach a person now, for a document (or null) and for the folder that it lies in (or null): its own, those
-- of the folder, and those of every folder above. Everything that speaks of rights goes through here. In plpgsql, because
-- that keeps the plan: it may be asked for many rows of one statement.
create function find_shares(person uuid, document uuid, folder uuid)
    returns table (id uuid, rank integer, ends_at timestamptz)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    rows 1
    as $$
declare
    teams constant uuid[] := array(select m.team_id from public.team_members m where m.user_id = person);
    place uuid := folder;
begin
    return query
    select s.id, s.rank, s.ends_at
    from public.shares s
    where s.document_id = document
        and (s.user_id = person or s.team_id = any(teams))
        and (s.ends_at is null or s.ends_at > clock_timestamp())
        and (s.paused_until is null or s.paused_until <= clock_timestamp());
    -- No tree is deeper.
    for distance in 1 .. 10 loop
        exit when place is null;
        return query
        select s.id, s.rank, s.ends_at
        from public.shares s
        where s.folder_id = place
            and (s.user_id = person or s.team_id = any(teams))
            and (s.ends_at is null or s.ends_at > clock_timestamp())
            and (s.paused_until is null or s.paused_until <= clock_timestamp());
        place := (select f.parent_id from public.folders f where f.id = place);
    end loop;
end
$$;

-- What a person may do with what is of this owner by being the owner, or of the team.
create function right_as_owner(person uuid, owner uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if person = owner then
        return 3;
    end if;
    return coalesce((
        select case when m.is_manager then 3 else 2 end
        from public.team_members m
        where m.team_id = owner and m.user_id = person
    ), 0);
end
$$;

create function right_of(person uuid, document uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    found_owner uuid;
    found_folder uuid;
    is_in_trash boolean;
    given integer;
begin
    select d.owner_id, d.folder_id, d.trashed_at is not null into found_owner, found_folder, is_in_trash
    from public.documents d
    where d.id = document;
    if not found or person is null then
        return 0;
    end if;
    given := public.right_as_owner(person, found_owner);
    if given > 0 then
        return given;
    end if;
    select coalesce(max(s.rank), 0) into given from public.find_shares(person, document, found_folder) s;
    -- What lies in the trash is there for those alone who may take it out.
    return case when is_in_trash and given < 3 then 0 else given end;
end
$$;

create function right_of_folder(person uuid, folder uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    found_owner uuid;
begin
    select f.owner_id into found_owner from public.folders f where f.id = folder;
    if not found or person is null then
        return 0;
    end if;
    return greatest(
        public.right_as_owner(person, found_owner),
        (select coalesce(max(s.rank), 0) from public.find_shares(person, null, folder) s)
    );
end
$$;

-- What the actor may do.
create function right_on(document uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return public.right_of(public.current_actor(), document);
end
$$;

create function right_on_task(task uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return public.right_of(
        public.current_actor(), (select t.document_id from public.tasks t where t.id = task)
    );
end
$$;

create function right_on_folder(folder uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return public.right_of_folder(public.current_actor(), folder);
end
$$;

-- Whether anything of this owner is shared with the actor now; `folders_only`: a folder.
create function is_shared_by(owner uuid, folders_only boolean) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select exists (
        select
        from (
            select s.* from public.shares s where s.user_id = public.current_actor() and s.owner_id = owner
            union all
            select s.*
            from public.team_members m
            join public.shares s on s.team_id = m.team_id and s.owner_id = owner
            where m.user_id = public.current_actor()
        ) as s
        where (s.ends_at is null or s.ends_at > clock_timestamp())
            and (s.paused_until is null or s.paused_until <= clock_timestamp())
            and (not folders_only or s.folder_id is not null)
    )
$$;

create policy teams_of_actor on teams for select to untxt_backend
    using (id = any ((select current_teams())::uuid[]));

-- The first manager is whoever makes it, and is written down first.
create policy teams_by_actor on teams for insert to untxt_backend
    with check (created_by = (select current_actor()));

create policy team_members_of_teams on team_members for select to untxt_backend
    using (team_id = any ((select current_teams())::uuid[]));

create policy team_members_added on team_members for insert to untxt_backend
    with check (team_id = any ((select managed_teams())::uuid[]));

create policy team_members_changed on team_members for update to untxt_backend
    using (team_id = any ((select managed_teams())::uuid[]))
    with check (team_id = any ((select managed_teams())::uuid[]));

-- Everybody may leave.
create policy team_members_removed on team_members for delete to untxt_backend
    using (user_id = (select current_actor()) or team_id = any ((select managed_teams())::uuid[]));

grant select on teams, team_members to untxt_backend;
grant insert (id, name, created_by) on teams to untxt_backend;
grant insert (team_id, user_id, is_manager) on team_members to untxt_backend;
grant update (is_manager) on team_members to untxt_backend;
grant delete on team_members to untxt_backend;

-- Whoever makes a team manages it.
create function add_first_manager() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    -- An import brings its members along.
    if session_user <> 'untxt_migrate' then
        insert into public.team_members (team_id, user_id, is_manager) values (new.id, new.created_by, true);
    end if;
    return null;
end
$$;

create trigger teams_first_manager
    after insert on teams
    for each row
    execute function add_first_manager();

-- A team that has members has a manager. The lock makes two managers who leave at once come one after the other.
create function guard_last_manager() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    -- When the team itself goes, there is nothing to guard.
    perform from public.teams t where t.id = old.team_id for no key update;
    if found
        and exists (select from public.team_members m where m.team_id = old.team_id)
        and not exists (select from public.team_members m where m.team_id = old.team_id and m.is_manager)
    then
        raise exception 'a team has a manager'
            using errcode = 'check_violation', table = 'team_members', constraint = 'team_members_manager';
    end if;
    return null;
end
$$;

create constraint trigger team_members_manager
    after delete or update of is_manager on team_members
    for each row
    when (old.is_manager)
    execute function guard_last_manager();

create policy shares_seen on shares for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select current_teams())::uuid[])
        or user_id = (select current_actor())
        or team_id = any ((select current_teams())::uuid[])
        or right_on(document_id) = 3
        or right_on_folder(folder_id) = 3
    );

create policy shares_given on shares for insert to untxt_backend
    with check (
        granted_by = (select current_actor())
        and (
            owner_id = (select current_actor())
            or owner_id = any ((select managed_teams())::uuid[])
            or right_on(document_id) = 3
            or right_on_folder(folder_id) = 3
        )
    );

create policy shares_taken_back on shares for delete to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select managed_teams())::uuid[])
        or right_on(document_id) = 3
        or right_on_folder(folder_id) = 3
        -- Nobody has to keep what was shared with him.
        or user_id = (select current_actor())
    );

-- A share never changes: who gives another right takes the old one back in the same transaction, and with it what hung on it.
grant select, delete on shares to untxt_backend;
grant insert (id, owner_id, document_id, folder_id, user_id, team_id, rank, granted_by, ends_at, paused_until)
    on shares to untxt_backend;

-- Whoever shares what is shared with him passes on no more, and for no longer, than he has: the new share hangs on the one
-- that lets him, and ends with it.
create function bind_share() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    parent record;
begin
    -- An import brings back what held then, also of somebody who may share it no more.
    if session_user = 'untxt_migrate' then
        return new;
    end if;
    if public.right_as_owner(new.granted_by, new.owner_id) = 3 then
        new.parent_id := null;
        return new;
    end if;
    select s.id, s.ends_at into parent
    from public.find_shares(
        new.granted_by,
        new.document_id,
        coalesce(new.folder_id, (select d.folder_id from public.documents d where d.id = new.document_id))
    ) s
    where s.rank = 3
    order by s.ends_at desc nulls first
    limit 1;
    if not found then
        raise exception 'only who manages it shares it'
            using errcode = 'check_violation', table = 'shares', constraint = 'shares_right';
    end if;
    new.parent_id := parent.id;
    new.ends_at := least(new.ends_at, parent.ends_at);
    return new;
end
$$;

create trigger shares_bound
    before insert on shares
    for each row
    execute function bind_share();

-- Who is named in the answer to others: a login or a team's name. Whoever is logged in may ask for an id that was shown.
create function list_names(ids uuid[])
    returns table (id uuid, name text, is_team boolean)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select u.id, u.login, false from public.users u where u.id = any(ids) and public.current_actor() is not null
    union all
    select t.id, t.name, true from public.teams t where t.id = any(ids) and public.current_actor() is not null
$$;

-- With whom to share: by the whole login, never a list.
create function find_person(wanted_login text) returns uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select u.id from public.users u where u.login = lower(wanted_login) and public.current_actor() is not null
$$;

create function find_team(wanted_name text) returns uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select t.id from public.teams t where t.name = wanted_name and public.current_actor() is not null
$$;

-- Folders that are shared with the actor, with all that are in them, and what the actor may do there. A folder at the top
-- of what is shared has no parent here: what lies above is nobody's business.
create function list_shared_folders()
    returns table (id uuid, owner_id uuid, parent_id uuid, name_sealed bytea, colour text, rank integer, created_at timestamptz)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with recursive given as materialized (
        select s.folder_id, max(s.rank) as rank
        from (
            select s.* from public.shares s where s.user_id = public.current_actor() and s.folder_id is not null
            union all
            select s.*
            from public.team_members m
            join public.shares s on s.team_id = m.team_id and s.folder_id is not null
            where m.user_id = public.current_actor()
        ) as s
        where (s.ends_at is null or s.ends_at > clock_timestamp())
            and (s.paused_until is null or s.paused_until <= clock_timestamp())
        group by s.folder_id
    ),
    downwards as (
        select g.folder_id, g.rank, 1 as distance from given g
        union all
        select f.id, d.rank, d.distance + 1
        from downwards d
        join public.folders above on above.id = d.folder_id
        join public.folders f on f.owner_id = above.owner_id and f.parent_id = d.folder_id
        where d.distance < 10
    ),
    reached as materialized (
        select d.folder_id, max(d.rank) as rank from downwards d group by d.folder_id
    )
    select
        f.id,
        f.owner_id,
        above.folder_id,
        f.name_sealed,
        f.colour,
        r.rank,
        f.created_at
    from reached r
    join public.folders f on f.id = r.folder_id
    left join reached above on above.folder_id = f.parent_id
    where f.owner_id <> (select public.current_actor())
        and f.owner_id <> all ((select public.current_teams())::uuid[])
$$;

-- Documents that are shared with the actor, newest first, those before one. Of each folder only the newest are looked at, so
-- that a large folder costs no more than a small one.
create function list_shared_documents(in_folder uuid, before uuid, max_rows bigint)
    returns setof uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select distinct candidate.id
    from (
        select d.id
        from (
            select s.* from public.shares s where s.user_id = public.current_actor() and s.document_id is not null
            union all
            select s.*
            from public.team_members m
            join public.shares s on s.team_id = m.team_id and s.document_id is not null
            where m.user_id = public.current_actor()
        ) as s
        join public.documents d on d.id = s.document_id
        where (s.ends_at is null or s.ends_at > clock_timestamp())
            and (s.paused_until is null or s.paused_until <= clock_timestamp())
            and d.trashed_at is null
            and (in_folder is null or d.folder_id = in_folder)
            and (before is null or d.id < before)
            and d.owner_id <> (select public.current_actor())
            and d.owner_id <> all ((select public.current_teams())::uuid[])
        union all
        select newest.id
        from public.list_shared_folders() f
        cross join lateral (
            select d.id
            from public.documents d
            where d.owner_id = f.owner_id and d.folder_id = f.id and d.trashed_at is null
                and (before is null or d.id < before)
            order by d.id desc
            limit max_rows
        ) as newest
        where in_folder is null or f.id = in_folder
    ) as candidate
    order by candidate.id desc
    limit max_rows
$$;

-- Documents that others share with the actor, with whose they are, the newest: those in which a search looks. In a folder: also
-- what lies in folders in it.
create function list_shared_for_search(in_folder uuid, max_rows bigint)
    returns table (owner_id uuid, document_id uuid)
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with recursive reached as materialized (
        select f.id, f.owner_id, f.parent_id from public.list_shared_folders() f
    ),
    wanted as (
        select r.id, r.owner_id from reached r where in_folder is null or r.id = in_folder
        union
        select r.id, r.owner_id from wanted w join reached r on r.parent_id = w.id
    )
    select distinct candidate.owner_id, candidate.id
    from (
        select d.owner_id, d.id
        from (
            select s.* from public.shares s where s.user_id = public.current_actor() and s.document_id is not null
            union all
            select s.*
            from public.team_members m
            join public.shares s on s.team_id = m.team_id and s.document_id is not null
            where m.user_id = public.current_actor()
        ) as s
        join public.documents d on d.id = s.document_id
        where (s.ends_at is null or s.ends_at > clock_timestamp())
            and (s.paused_until is null or s.paused_until <= clock_timestamp())
            and d.trashed_at is null
            and (in_folder is null or d.folder_id in (select w.id from wanted w))
            and d.owner_id <> (select public.current_actor())
            and d.owner_id <> all ((select public.current_teams())::uuid[])
        union all
        select newest.owner_id, newest.id
        from wanted w
        cross join lateral (
            select d.owner_id, d.id
            from public.documents d
            where d.owner_id = w.owner_id and d.folder_id = w.id and d.trashed_at is null
            order by d.id desc
            limit max_rows
        ) as newest
    ) as candidate
    order by candidate.id desc
    limit max_rows
$$;

-- Persons who may read a document now, whoever owns it: those who are told of its events. Only for its owner, in whose name
-- the backend asks.
create function list_readers(document uuid)
    returns setof uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    with recursive wanted as (
        select d.owner_id, d.folder_id, d.trashed_at is not null as is_in_trash
        from public.documents d
        where d.id = document and d.owner_id = public.current_actor()
    ),
    upwards as (
        select f.id, f.parent_id, 1 as distance
        from wanted w
        join public.folders f on f.id = w.folder_id
        union all
        select f.id, f.parent_id, u.distance + 1
        from upwards u
        join public.folders f on f.id = u.parent_id
        where u.distance < 10
    ),
    given as (
        select s.user_id, s.team_id
        from wanted w
        cross join lateral (
            select s.* from public.shares s where s.document_id = document
            union all
            select s.* from upwards u join public.shares s on s.folder_id = u.id
        ) as s
        where (s.ends_at is null or s.ends_at > clock_timestamp())
            and (s.paused_until is null or s.paused_until <= clock_timestamp())
            and (s.rank = 3 or not w.is_in_trash)
    )
    select w.owner_id from wanted w
    union
    select m.user_id from wanted w join public.team_members m on m.team_id = w.owner_id
    union
    select g.user_id from given g where g.user_id is not null
    union
    select m.user_id from given g join public.team_members m on m.team_id = g.team_id
$$;

-- Persons with whom this owner shares something, or who are of this team: those who look again when something is moved.
-- Only for the owner.
create function list_sharees(owner uuid)
    returns setof uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select s.user_id from public.shares s where s.owner_id = owner and s.user_id is not null and owner = public.current_actor()
    union
    select m.user_id
    from public.shares s
    join public.team_members m on m.team_id = s.team_id
    where s.owner_id = owner and owner = public.current_actor()
    union
    select m.user_id from public.team_members m where m.team_id = owner and owner = public.current_actor()
$$;

grant execute on function
    current_teams(), managed_teams(), right_on(uuid), right_on_task(uuid), right_on_folder(uuid),
    is_shared_by(uuid, boolean), list_names(uuid[]), find_person(text), find_team(text), list_shared_folders(),
    list_shared_documents(uuid, uuid, bigint), list_shared_for_search(uuid, bigint), list_readers(uuid), list_sharees(uuid)
    to untxt_backend;

-- Whoever may see something more or less is told to look again: a person, the members of a team, or all who have something
-- of an owner. Ids only.
create function notify_share() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    share record := coalesce(new, old);
begin
    perform pg_notify('rights_changed', json_build_object('user', share.user_id)::text) where share.user_id is not null;
    perform pg_notify('rights_changed', json_build_object('user', m.user_id)::text)
    from public.team_members m
    where m.team_id = share.team_id;
    return null;
end
$$;

create trigger shares_notify
    after insert or delete on shares
    for each row
    execute function notify_share();

create function notify_member() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform pg_notify('rights_changed', json_build_object('user', (coalesce(new, old)).user_id)::text);
    return null;
end
$$;

create trigger team_members_notify
    after insert or delete or update of is_manager on team_members
    for each row
    execute function notify_member();
