use std::time::Duration;

use sqlx::{Connection, PgConnection, migrate::Migrate};
use untxt_core::config;

use super::{MIGRATIONS, Pending, connect, explain, pending};
use crate::Result;

/// What came of trying what is pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// What was done, and undone.
    pub done: Vec<Rehearsed>,
    /// What can't be tried: the first that runs outside of a transaction, and those after it.
    pub left: Vec<Pending>,
}

/// A migration that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// Its number.
    pub version: i64,
    /// What it is for.
    pub description: String,
    /// How long it took with the rows of now.
    pub took: Duration,
    /// Tables that nobody else could write to, or read, from it on; those of migrations before it are not named again.
    pub closed: Vec<String>,
}

/// Applies everything that is pending to the real tables, in one transaction that is taken back at its end, as role
/// `untxt_migrate`. Whoever needs a table that it closed waits as long.
///
/// # Errors
/// As [`super::migrate`] would give.
pub async fn rehearse(settings: &config::Database) -> Result<Rehearsal> {
    let mut conn = connect(settings).await?;
    // Another run would be waiting for our tables, and we for what it has made.
    conn.lock().await.map_err(explain)?;
    let all = pending(&mut conn).await?;
    let can_run = all.iter().take_while(|migration| !migration.no_tx).count();
    let (now, left) = all.split_at(can_run);
    let mut tx = conn.begin().await?;
    tx.ensure_migrations_table(&MIGRATIONS.table_name).await.map_err(explain)?;
    let mut open = list_tables(&mut tx).await?;
    let mut done = Vec::with_capacity(now.len());
    for migration in now {
        let took = tx.apply(&MIGRATIONS.table_name, migration).await.map_err(explain)?;
        let closed = list_closed(&mut tx, &open).await?;
        open.retain(|table| !closed.contains(table));
        let (version, description) = (migration.version, migration.description.to_string());
        done.push(Rehearsed { version, description, took, closed });
    }
    // What Postgres checks at the end of a transaction belongs to the rehearsal, too.
    sqlx::query("set constraints all immediate").execute(&mut *tx).await?;
    tx.rollback().await?;
    conn.close().await?;
    let left = left.iter().map(|migration| Pending::new(migration, &[])).collect();
    Ok(Rehearsal { done, left })
}

/// Lists the tables that are there before anything is tried: nobody waits for those that are made.
async fn list_tables(conn: &mut PgConnection) -> Result<Vec<String>> {
    let tables = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')",
    );
    Ok(tables.fetch_all(conn).await?)
}

/// Lists those of some tables that this transaction has closed to writers.
async fn list_closed(conn: &mut PgConnection, of: &[String]) -> Result<Vec<String>> {
    let closed = sqlx::query_scalar(
        "select distinct c.relname::text
        from pg_locks l
        join pg_class c on c.oid = l.relation
        where l.pid = pg_backend_pid()
            and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
            and c.relnamespace = 'public'::regnamespace
            and c.relname = any ($1)
        order by 1",
    );
    Ok(closed.bind(of).fetch_all(conn).await?)
}
