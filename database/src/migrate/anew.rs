use sqlx::{AssertSqlSafe, Executor, PgConnection};

use super::apply_within;
use crate::Result;

/// Everything that migrations make, as statements that remove it; what depends on it goes along. Sequences come last: some
/// are parts of tables. What an extension brought is not ours, and only goes with it.
const REMOVALS: &str = "select statement
    from (
        select
            format(
                'drop %s if exists public.%I cascade',
                case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end,
                relname
            ) as statement,
            relkind = 'S' as is_last
        from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
            and not exists (
                select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = pg_class.oid and d.deptype = 'e'
            )
        union all
        select format('drop routine if exists public.%I(%s) cascade', proname, pg_get_function_identity_arguments(oid)), true
        from pg_proc
        where pronamespace = 'public'::regnamespace
            and not exists (
                select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = pg_proc.oid and d.deptype = 'e'
            )
    ) as removals
    order by is_last";

/// Removes all tables with their rows and makes those of an earlier migration, within the caller's transaction.
pub(crate) async fn build_anew(conn: &mut PgConnection, level: i64) -> Result<()> {
    let removals: Vec<String> = sqlx::query_scalar(REMOVALS).fetch_all(&mut *conn).await?;
    for statement in removals {
        conn.execute(AssertSqlSafe(statement)).await?;
    }
    apply_within(conn, 0, level).await
}
