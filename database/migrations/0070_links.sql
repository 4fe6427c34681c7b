-- Public links: whoever has one opens one document, in the formats that were named, without an account, until it ends. What stands
-- in the link is 256 random bits, of which only the hash is stored. Opening it begins a session of 15 minutes, and a transaction
-- that acts for that session reads this document alone: right_on() has one source more. Whether a link is good is asked of the
-- clock and of its maker's right at that moment; the trash and a disabled account end it for good.

create table links (
    id uuid primary key,
    owner_id uuid not null,
    document_id uuid not null,
    made_by uuid not null references users (id) on delete cascade,
    -- SHA-256 of 256 random bits.
    token_hash bytea not null,
    -- argon2id; null: whoever has the link gets in.
    password_hash text,
    formats text[] not null,
    -- Openings; null: as many as one likes.
    max_uses integer,
    used integer not null default 0,
    wrong_passwords integer not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    constraint links_document_fkey foreign key (document_id, owner_id)
        references documents (id, owner_id) on delete cascade,
    constraint links_token_hash_key unique (token_hash),
    constraint links_token_hash_check check (octet_length(token_hash) = 32),
    constraint links_formats_check check (
        formats <@ array['pdf', 'text', 'original'] and cardinality(formats) between 1 and 3
    ),
    constraint links_used_check check (used between 0 and coalesce(max_uses, used) and max_uses between 1 and 10000),
    constraint links_expires_at_check check (
        expires_at > created_at and expires_at <= created_at + interval '366 days'
    )
);

create index links_document_id_idx on links (document_id);
create index links_made_by_idx on links (made_by);

-- Somebody who came by a link.
create table link_sessions (
    id uuid primary key,
    link_id uuid not null references links (id) on delete cascade,
    -- SHA-256 of 256 random bits.
    secret_hash bytea not null,
    expires_at timestamptz not null default clock_timestamp() + interval '15 minutes',
    constraint link_sessions_secret_hash_key unique (secret_hash),
    constraint link_sessions_secret_hash_check check (octet_length(secret_hash) = 32)
);

create index link_sessions_link_id_idx on link_sessions (link_id);
create index link_sessions_expires_at_idx on link_sessions (expires_at);

alter table links enable row level security;
alter table links force row level security;
alter table link_sessions enable row level security;
alter table link_sessions force row level security;

-- For the functions and triggers below, which run as the owner. Of the sessions nobody else sees or changes a row.
create policy links_for_functions on links to untxt_owner using (true) with check (true);
create policy link_sessions_for_functions on link_sessions to untxt_owner using (true) with check (true);

create policy links_seen on links for select to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select managed_teams())::uuid[])
        or right_on(document_id) = 3
    );

create policy links_made on links for insert to untxt_backend
    with check (
        made_by = (select current_actor())
        and right_on(document_id) = 3
        and exists (select from documents d where d.id = document_id and d.trashed_at is null)
    );

-- What has ended stays so.
create policy links_ended on links for update to untxt_backend
    using (
        owner_id = (select current_actor())
        or owner_id = any ((select managed_teams())::uuid[])
        or right_on(document_id) = 3
    )
    with check (ended_at is not null);

create policy links_forgotten on links for delete to untxt_backend
    using (
        (ended_at is not null or expires_at <= clock_timestamp())
        and (
            owner_id = (select current_actor())
            or owner_id = any ((select managed_teams())::uuid[])
            or right_on(document_id) = 3
        )
    );

-- Not the hashes.
grant select (
    id, owner_id, document_id, made_by, formats, max_uses, used, wrong_passwords, created_at, expires_at, ended_at
) on links to untxt_backend;
grant insert (id, owner_id, document_id, made_by, token_hash, password_hash, formats, max_uses, expires_at)
    on links to untxt_backend;
grant update (ended_at) on links to untxt_backend;
grant delete on links to untxt_backend;

-- Whether what a link gives may be had now: it has neither ended nor run out, whoever made it may still manage the document and come
-- in, and the document is not in the trash.
create function is_link_good(link links) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select
        link.ended_at is null
        and link.expires_at > clock_timestamp()
        and exists (select from public.documents d where d.id = link.document_id and d.trashed_at is null)
        and exists (
            select from public.users u where u.id = link.made_by and u.disabled_at is null and u.role <> 'auditor'
        )
        and public.right_of(link.made_by, link.document_id) = 3
$$;

-- The document of the link that a transaction acts for, if there is one. Whoever acts as a person acts for no link.
create function linked_document() returns uuid
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select l.document_id
    from public.link_sessions s
    join public.links l on l.id = s.link_id
    where
        public.current_actor() is null
        and s.id = nullif(current_setting('untxt.link', true), '')::uuid
        -- What goes on by itself, such as a download, needs nobody who comes back in time.
        and (s.expires_at > clock_timestamp() or current_setting('untxt.unattended', true) = 'on')
        and public.is_link_good(l)
$$;

-- As before, and what a link gives: reading, and nothing else.
create or replace function right_on(document uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if public.current_actor() is null then
        return case when document = public.linked_document() then 1 else 0 end;
    end if;
    return public.right_of(public.current_actor(), document);
end
$$;

-- As before, for a link too.
create or replace function right_on_task(task uuid) returns integer
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return public.right_on((select t.document_id from public.tasks t where t.id = task));
end
$$;

-- Events tell how a reading goes, and checks how a file is kept; a link gives neither.
create policy task_events_not_by_link on task_events as restrictive for select to untxt_backend
    using ((select current_actor()) is not null);

create policy integrity_checks_not_by_link on integrity_checks as restrictive for select to untxt_backend
    using ((select current_actor()) is not null);

-- The version of the owner's key that opens the document, still wrapped by the root key.
create function opens_linked_document(owner uuid, version integer) returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select exists (
        select
        from public.documents d
        where d.id = public.linked_document() and d.owner_id = owner and d.owner_key_version = version
    )
$$;

create policy owner_keys_seen_by_link on owner_keys for select to untxt_backend
    using ((select current_actor()) is null and opens_linked_document(owner_id, version));

-- Finds a link by the hash of what stands in it, before anything is known of who asks. A password that is tried is counted before it
-- is checked, so that many at once are no more than 10; begin_link_session() takes the right one back. It tells of every link,
-- for the record, and says whether it may be opened.
create function try_link(presented bytea, with_password boolean)
    returns table (id uuid, document_id uuid, password_hash text, is_open boolean)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    found_link public.links;
    may_open boolean;
begin
    select l.* into found_link from public.links l where l.token_hash = presented;
    if not found then
        return;
    end if;
    may_open := public.is_link_good(found_link)
        and found_link.wrong_passwords < 10
        and found_link.used < coalesce(found_link.max_uses, found_link.used + 1)
        and (found_link.password_hash is null or with_password);
    if may_open and found_link.password_hash is not null then
        update public.links l
        set wrong_passwords = l.wrong_passwords + 1
        where l.id = found_link.id and l.wrong_passwords < 10;
        may_open := found;
    end if;
    return query select found_link.id, found_link.document_id, found_link.password_hash, may_open;
end
$$;

-- Takes back a try that was not wrong: nobody could look whether it was.
create function untry_link(link uuid) returns void
    language sql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    update public.links l set wrong_passwords = l.wrong_passwords - 1 where l.id = link and l.wrong_passwords > 0
$$;

-- Uses a link up by one and begins a session; of two who come for the last one, one gets it. Null: it is over meanwhile.
create function begin_link_session(link uuid, session uuid, secret_hash bytea)
    returns table (formats text[], expires_at timestamptz)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    opened public.links;
begin
    update public.links l
    set
        used = l.used + 1,
        wrong_passwords = case when l.password_hash is null then 0 else greatest(l.wrong_passwords - 1, 0) end
    where l.id = link and l.used < coalesce(l.max_uses, l.used + 1) and public.is_link_good(l)
    returning l.* into opened;
    if not found then
        return;
    end if;
    -- Those that nobody downloads by any more.
    delete from public.link_sessions
    where id in (
        select s.id
        from public.link_sessions s
        where s.expires_at <= clock_timestamp() - interval '1 day'
        order by s.expires_at
        limit 100
        for update skip locked
    );
    return query
    insert into public.link_sessions as s (id, link_id, secret_hash)
    values (session, link, begin_link_session.secret_hash)
    returning opened.formats, s.expires_at;
end
$$;

-- Has the rest of the transaction act for the session with this secret, and gives what it is good for. No row: there is none.
-- Unattended: for what goes on by itself.
create function enter_link(presented bytea, is_unattended boolean)
    returns table (link_id uuid, document_id uuid, formats text[], expires_at timestamptz)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform set_config('untxt.actor', '', true);
    perform set_config('untxt.unattended', case when is_unattended then 'on' else '' end, true);
    perform set_config('untxt.link', coalesce((
        select s.id::text from public.link_sessions s where s.secret_hash = presented
    ), ''), true);
    return query
    select l.id, l.document_id, l.formats, least(s.expires_at, l.expires_at)
    from public.link_sessions s
    join public.links l on l.id = s.link_id
    where s.secret_hash = presented and l.document_id = public.linked_document();
end
$$;

-- How the links of a document stand, for those who may end them: not the hashes, and whether there is a password.
create function list_links(document uuid)
    returns table (
        id uuid,
        made_by uuid,
        has_password boolean,
        formats text[],
        max_uses integer,
        used integer,
        created_at timestamptz,
        expires_at timestamptz,
        ended_at timestamptz,
        state text
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select
        l.id,
        l.made_by,
        l.password_hash is not null,
        l.formats,
        l.max_uses,
        l.used,
        l.created_at,
        l.expires_at,
        l.ended_at,
        case
            when l.ended_at is not null then 'ended'
            when l.expires_at <= clock_timestamp() then 'expired'
            when not public.is_link_good(l) then 'void'
            when l.wrong_passwords >= 10 then 'locked'
            when l.used >= l.max_uses then 'used_up'
            else 'good'
        end
    from public.links l
    where l.document_id = document and public.right_on(document) = 3
    order by l.created_at desc, l.id desc
$$;

grant execute on function
    linked_document(), opens_linked_document(uuid, integer), try_link(bytea, boolean), untry_link(uuid),
    begin_link_session(uuid, uuid, bytea), enter_link(bytea, boolean), list_links(uuid)
    to untxt_backend;

-- What comes out of the trash, or an account that is let in again, brings no links along.
create function end_links_of_document() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.links l set ended_at = clock_timestamp() where l.document_id = new.id and l.ended_at is null;
    return null;
end
$$;

create trigger documents_end_links
    after update of trashed_at on documents
    for each row
    -- Also out of it: one may have been made while it went in.
    when (new.trashed_at is distinct from old.trashed_at)
    execute function end_links_of_document();

create function end_links_of_person() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    update public.links l set ended_at = clock_timestamp() where l.made_by = new.id and l.ended_at is null;
    return null;
end
$$;

create trigger users_end_links
    after update of disabled_at on users
    for each row
    when (new.disabled_at is distinct from old.disabled_at)
    execute function end_links_of_person();
