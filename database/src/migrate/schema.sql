-- Everything that migrations make, a line each: what two databases at the same migration have alike.
select line
from (
    select
        format(
            '%s %s: owner %s, row security %s forced %s, options %s, grants %s',
            case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
            c.relname, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
            (
                select string_agg(item::text, ' ' order by item::text)
                from unnest(coalesce(
                    c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)
                )) as item
            )
        ) as line
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')

    union all
    select format('view %s: %s', c.relname, pg_get_viewdef(c.oid))
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')

    union all
    select
        format(
            'column %s.%s: %s, not null %s, default %s, identity %s, generated %s, collation %s, storage %s, statistics %s, grants %s',
            c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attcollation::regcollation,
            a.attstorage, a.attstattarget,
            (select string_agg(item::text, ' ' order by item::text) from unnest(a.attacl) as item)
        )
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and a.attnum > 0 and not a.attisdropped

    union all
    select
        format('constraint %s.%s: %s, valid %s', c.relname, n.conname, pg_get_constraintdef(n.oid), n.convalidated)
    from pg_constraint n
    left join pg_class c on c.oid = n.conrelid
    where n.connamespace = 'public'::regnamespace

    union all
    select format('index %s: %s, valid %s', c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid)
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = 'public'::regnamespace

    union all
    select format('trigger %s.%s: %s, enabled %s', c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'public'::regnamespace and not t.tgisinternal

    union all
    select
        format(
            'policy %s.%s: for %s, permissive %s, to %s, using %s, check %s',
            c.relname, p.polname, p.polcmd, p.polpermissive,
            (
                select string_agg(role.oid::regrole::text, ' ' order by role.oid::regrole::text)
                from unnest(p.polroles) as role (oid)
            ),
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
        )
    from pg_policy p
    join pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'public'::regnamespace

    union all
    select
        format(
            'function %s(%s): owner %s, grants %s, %s',
            p.proname, pg_get_function_identity_arguments(p.oid), p.proowner::regrole,
            (
                select string_agg(item::text, ' ' order by item::text)
                from unnest(coalesce(p.proacl, acldefault('f', p.proowner))) as item
            ),
            pg_get_functiondef(p.oid)
        )
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')

    union all
    select
        format(
            'sequence %s: from %s by %s, %s to %s, cache %s, cycle %s',
            c.relname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle
        )
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid
    where c.relnamespace = 'public'::regnamespace

    union all
    select format('type %s: %s', t.typname, (select string_agg(e.enumlabel, ' ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    from pg_type t
    where t.typnamespace = 'public'::regnamespace and t.typtype in ('e', 'd', 'r')
) as catalog
