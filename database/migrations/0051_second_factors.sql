-- A second proof of who somebody is: codes of an app (RFC 6238), and recovery codes for the day the phone is gone.

create table second_factors (
    user_id uuid primary key references users (id) on delete cascade,
    -- Sealed with the label key of its person.
    secret_sealed bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    -- Null: begun, and no code was shown yet; nothing is asked for until then.
    confirmed_at timestamptz,
    -- The newest 30-second step whose code was taken: neither it nor an older one is taken again.
    last_step bigint not null default 0
);

create table recovery_codes (
    user_id uuid not null references second_factors (user_id) on delete cascade,
    -- SHA-256 of 80 random bits.
    code_hash bytea not null,
    constraint recovery_codes_pkey primary key (user_id, code_hash),
    constraint recovery_codes_code_hash_check check (octet_length(code_hash) = 32)
);

alter table second_factors enable row level security;
alter table second_factors force row level security;
alter table recovery_codes enable row level security;
alter table recovery_codes force row level security;

create policy second_factors_of_actor on second_factors to untxt_backend
    using (user_id = (select current_actor()))
    with check (user_id = (select current_actor()));
create policy recovery_codes_of_actor on recovery_codes to untxt_backend
    using (user_id = (select current_actor()))
    with check (user_id = (select current_actor()));

grant select, delete on second_factors, recovery_codes to untxt_backend;
grant insert (user_id, secret_sealed), update (secret_sealed, created_at, confirmed_at, last_step) on second_factors to untxt_backend;
grant insert (user_id, code_hash) on recovery_codes to untxt_backend;

-- For list_users() and remove_second_factor(), which run as the owner.
create policy second_factors_for_admins on second_factors to untxt_owner
    using ((select is_admin()));
create policy recovery_codes_for_admins on recovery_codes to untxt_owner
    using ((select is_admin()));

drop function list_users(bigint);

create function list_users(max_rows bigint)
    returns table (
        id uuid,
        login text,
        role text,
        created_at timestamptz,
        disabled_at timestamptz,
        has_second_factor boolean
    )
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select
        id,
        login,
        role,
        created_at,
        disabled_at,
        exists (select from public.second_factors f where f.user_id = users.id and f.confirmed_at is not null)
    from public.users
    where (select public.is_admin())
    order by login
    limit max_rows
$$;

-- For a person who lost the phone and the recovery codes. Their sessions end.
create function remove_second_factor(person uuid) returns boolean
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    delete from public.second_factors where user_id = person and public.is_admin();
    if not found then
        return false;
    end if;
    perform public.end_sessions_of(person);
    return true;
end
$$;

grant execute on function list_users(bigint), remove_second_factor(uuid) to untxt_backend;
