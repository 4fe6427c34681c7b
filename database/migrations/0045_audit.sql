-- The record of what was done: by whom, to what, from where, with which outcome. Only words of closed lists, ids, times and
-- numbers; a check on every column keeps out anything that could be a word of a document or what somebody typed.
-- Rows are only ever added. They are read by administrators and auditors, and numbered and sealed by a worker.

create table audit_events (
    -- The order in which rows were begun. It has holes: of what was rolled back nothing is left.
    position bigint generated always as identity,
    at timestamptz not null default clock_timestamp(),
    action text not null,
    outcome text not null,
    -- Null: nobody known, or the platform itself.
    actor uuid,
    session_id uuid,
    token_id uuid,
    -- Whose the object is.
    owner_id uuid,
    object_kind text,
    object_id uuid,
    page_number integer,
    address inet,
    request_id uuid,
    count bigint,
    -- A word of the code, such as the format of a download or the code of a refusal.
    detail text,
    -- A keyed hash of a login that somebody typed.
    login_mark bytea,
    constraint audit_events_pkey primary key (position),
    constraint audit_events_action_check check (action ~ '^[A-Za-z][A-Za-z_]{1,47}$'),
    constraint audit_events_outcome_check check (outcome in ('ok', 'refused', 'failed')),
    constraint audit_events_credential_check check (num_nonnulls(session_id, token_id) <= 1),
    constraint audit_events_object_check check (
        object_kind ~ '^[a-z][a-z_]{1,31}$'
        and (object_kind is not null or num_nonnulls(object_id, page_number) = 0)
    ),
    constraint audit_events_page_number_check check (page_number > 0),
    constraint audit_events_address_check check (masklen(address) = case family(address) when 4 then 32 else 128 end),
    constraint audit_events_count_check check (count >= 0),
    constraint audit_events_detail_check check (detail ~ '^[a-z0-9][a-z0-9_.-]{0,47}$'),
    constraint audit_events_login_mark_check check (octet_length(login_mark) = 16)
);

create index audit_events_at_idx on audit_events using brin (at);
create index audit_events_actor_idx on audit_events (actor, position);
create index audit_events_object_id_idx on audit_events (object_id, position);

-- What no worker has sealed yet. A row comes with its event, in the same transaction, and so is seen when that is: however late
-- a transaction ends, its events are found.
create table audit_unsealed (
    position bigint primary key
);

alter table audit_events enable row level security;
alter table audit_events force row level security;
alter table audit_unsealed enable row level security;
alter table audit_unsealed force row level security;

-- Says whether the actor may read the record.
create function may_read_audit() returns boolean
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    -- session_user: the role that logged in; current_user is the owner in here.
    select session_user = 'untxt_backend'
        and exists (select from public.users where id = public.current_actor() and role in ('admin', 'auditor'))
$$;

grant execute on function may_read_audit() to untxt_backend;

create policy audit_events_written on audit_events for insert
    to untxt_backend, untxt_worker, untxt_backup, untxt_owner
    with check (true);

create policy audit_events_for_auditors on audit_events for select to untxt_backend
    using ((select may_read_audit()));

create policy audit_events_for_sealing on audit_events for select to untxt_worker
    using (true);

create policy audit_events_for_upkeep on audit_events to untxt_owner
    using (true);

create policy audit_unsealed_written on audit_unsealed for insert to untxt_owner
    with check (true);

create policy audit_unsealed_for_sealing on audit_unsealed to untxt_worker
    using (true);

-- Neither position nor time: those are the database's.
grant insert (
    action, outcome, actor, session_id, token_id, owner_id, object_kind, object_id, page_number, address, request_id, count,
    detail, login_mark
) on audit_events to untxt_backend, untxt_worker, untxt_backup;
grant select on audit_events to untxt_backend, untxt_worker;
grant select, delete on audit_unsealed to untxt_worker;

create function leave_audit_unsealed() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    insert into public.audit_unsealed (position) select added.position from added;
    return null;
end
$$;

create trigger audit_events_unsealed
    after insert on audit_events
    referencing new table as added
    for each statement
    execute function leave_audit_unsealed();

-- For everybody, the owner of the tables included: what stands there stays. Six years are 2,192 days at most; what is older,
-- a worker lets go by a function of its own.
create function refuse_change_of_audit() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if tg_op = 'DELETE' and tg_level = 'ROW' then
        if old.at < clock_timestamp() - interval '2192 days' then
            return old;
        end if;
    end if;
    raise exception 'the record of what was done never changes'
        using errcode = 'check_violation', table = 'audit_events', constraint = 'audit_events_final';
end
$$;

create trigger audit_events_final
    before update or truncate on audit_events
    for each statement
    execute function refuse_change_of_audit();

create trigger audit_events_kept
    before delete on audit_events
    for each row
    execute function refuse_change_of_audit();
