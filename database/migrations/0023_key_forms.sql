-- How many owner keys are still in the form of the first versions, in which the root key wraps the index key, too: a worker
-- brings them into that of now, and `untxt keys status` says how many are left.
create function count_old_key_forms() returns bigint
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select count(*)
    from public.owner_keys k
    where session_user = 'untxt_worker' and k.index_wrapped_by = 'root' and k.state <> 'destroyed'
$$;

grant execute on function count_old_key_forms() to untxt_worker;
