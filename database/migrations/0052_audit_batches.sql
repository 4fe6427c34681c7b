-- What a worker has sealed of the record: batches of rows, each with the hash of every row and the hash of the batch before,
-- signed with a key that is not in the database. Rows get their numbers here, without gaps.

create table audit_batches (
    number bigint not null,
    first_row bigint not null,
    row_count integer not null,
    sealed_at timestamptz not null,
    -- Rows that were sealed before may be removed: it is part of what is signed.
    expired_before timestamptz,
    -- The bytes that are signed, the signature, and the id of the key.
    head bytea not null,
    signature bytea not null,
    signing_key text not null,
    -- Where the rows stand, in the order of their numbers, and 32 bytes for each. Null: they are removed.
    positions bigint[],
    hashes bytea,
    constraint audit_batches_pkey primary key (number),
    constraint audit_batches_first_row_key unique (first_row, number),
    constraint audit_batches_number_check check (number > 0 and first_row > 0),
    constraint audit_batches_row_count_check check (row_count between 0 and 100000),
    constraint audit_batches_expired_before_check check (expired_before < sealed_at),
    constraint audit_batches_signature_check check (octet_length(signature) = 64),
    constraint audit_batches_leaves_check check (
        num_nonnulls(positions, hashes) in (0, 2)
        and (positions is null or (cardinality(positions) = row_count and octet_length(hashes) = 32 * row_count))
    )
);

create index audit_batches_sealed_at_idx on audit_batches (sealed_at);
create index audit_batches_kept_idx on audit_batches (sealed_at) where positions is not null;

alter table audit_batches enable row level security;
alter table audit_batches force row level security;

create policy audit_batches_for_auditors on audit_batches for select to untxt_backend
    using ((select may_read_audit()));

create policy audit_batches_sealed on audit_batches for insert to untxt_worker
    with check (true);

create policy audit_batches_for_sealing on audit_batches for select to untxt_worker
    using (true);

create policy audit_batches_for_upkeep on audit_batches to untxt_owner
    using (true)
    with check (true);

grant select on audit_batches to untxt_backend, untxt_worker;
grant insert on audit_batches to untxt_worker;

-- A batch stays as it is; only its list of rows goes when they are older than anybody has to keep them.
create function refuse_change_of_audit_batch() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    if tg_op = 'UPDATE' then
        if new.positions is null and new.hashes is null
            and (new.number, new.first_row, new.row_count, new.sealed_at, new.head, new.signature, new.signing_key)
                = (old.number, old.first_row, old.row_count, old.sealed_at, old.head, old.signature, old.signing_key)
            and new.expired_before is not distinct from old.expired_before
            and old.sealed_at < clock_timestamp() - interval '2192 days'
        then
            return new;
        end if;
    end if;
    raise exception 'what was sealed never changes'
        using errcode = 'check_violation', table = 'audit_batches', constraint = 'audit_batches_final';
end
$$;

create trigger audit_batches_final
    before update or delete on audit_batches
    for each row
    execute function refuse_change_of_audit_batch();

create trigger audit_batches_kept
    before truncate on audit_batches
    for each statement
    execute function refuse_change_of_audit_batch();

-- Removes the rows of some batches that the newest head lets go, the oldest first, and gives how many batches that were. Six
-- years are kept whatever it says.
create function expire_audit(max_batches integer) returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    until timestamptz;
    expired bigint[];
begin
    if session_user <> 'untxt_worker' then
        raise exception 'only a worker may do this' using errcode = 'insufficient_privilege';
    end if;
    select least(b.expired_before, clock_timestamp() - interval '2192 days') into until
    from public.audit_batches b
    where b.expired_before is not null
    order by b.number desc
    limit 1;
    select array_agg(oldest.number) into expired
    from (
        select b.number
        from public.audit_batches b
        where b.positions is not null and b.sealed_at < until
        order by b.sealed_at
        limit max_batches
    ) as oldest;
    if expired is null then
        return 0;
    end if;
    delete from public.audit_events e
    using public.audit_batches b
    where b.number = any (expired) and e.position = any (b.positions);
    update public.audit_batches b set positions = null, hashes = null where b.number = any (expired);
    return cardinality(expired);
end
$$;

grant execute on function expire_audit(integer) to untxt_worker;

-- Whoever migrates or restores writes it down, too.
create policy audit_events_written_by_migrate on audit_events for insert to untxt_migrate
    with check (true);

grant insert (
    action, outcome, actor, session_id, token_id, owner_id, object_kind, object_id, page_number, address, request_id, count,
    detail, login_mark
) on audit_events to untxt_migrate;
grant usage on schema public to untxt_migrate;
