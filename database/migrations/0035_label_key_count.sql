-- `untxt keys status` says when an older key of an owner can go: keys of labels hang on it as those of documents do.
create function count_labels_under_older_keys() returns bigint
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    select count(*)
    from public.owner_keys k
    join public.label_keys l on l.owner_id = k.owner_id and l.owner_key_version = k.version
    where session_user = 'untxt_worker' and k.state in ('retired', 'compromised')
$$;

grant execute on function count_labels_under_older_keys() to untxt_worker;
