//! Bringing the tables to the state that this executable knows, and saying before and after what that means.
//!
//! It promises that each migration is one transaction, so that a run that was killed goes on with the next one; that two
//! runs at once do everything once; and that tables of a newer version are left alone. Nothing goes back.

mod anew;
mod compare;
mod plan;
mod rehearse;

use std::collections::BTreeMap;

use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection,
    migrate::{Migrate, MigrateError, Migration, Migrator},
};
use untxt_core::config;

use crate::{Error, Result, connect::verified_options};

pub use compare::{Difference, compare};
pub use plan::{Pending, Plan, TableSize, plan};
pub use rehearse::{Rehearsal, Rehearsed, rehearse};

pub(crate) use anew::build_anew;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings the tables to the state that this executable knows, as role `untxt_migrate`. Running it twice, or twice at
/// once, changes nothing more.
///
/// # Errors
/// [`Error::NewerData`] when a newer version was here; then nothing was changed.
pub async fn migrate(settings: &config::Database) -> Result<()> {
    let mut conn = connect(settings).await?;
    MIGRATIONS.run(&mut conn).await.map_err(explain)?;
    Ok(conn.close().await?)
}

/// Gives the number of the newest migration that this executable knows.
#[must_use]
pub fn newest() -> i64 {
    known().map(|migration| migration.version).max().unwrap_or_default()
}

/// Makes the empty tables of an earlier migration, for tests: all rows are lost.
///
/// # Errors
/// [`Error::Unavailable`].
#[cfg(feature = "testing")]
pub async fn build_earlier(settings: &config::Database, level: i64) -> Result<()> {
    let mut conn = connect(settings).await?;
    let mut tx = conn.begin().await?;
    build_anew(&mut tx, level).await?;
    tx.commit().await?;
    Ok(conn.close().await?)
}

/// Connects as the owner of the tables.
async fn connect(settings: &config::Database) -> Result<PgConnection> {
    // An index on a large table may take longer than a request may, and that is no news; nor is what is there already.
    let options = verified_options(settings, "untxt-migrate")?
        .options([("statement_timeout", "0"), ("client_min_messages", "warning")])
        .disable_statement_logging();
    let mut conn = options.connect().await?;
    conn.execute("set role untxt_owner").await?;
    Ok(conn)
}

/// Gives all migrations, oldest first.
pub(crate) fn known() -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter()
}

/// Applies migrations within the caller's transaction: those after one number up to another.
pub(crate) async fn apply_within(conn: &mut PgConnection, after: i64, to: i64) -> Result<()> {
    conn.ensure_migrations_table(&MIGRATIONS.table_name).await.map_err(explain)?;
    for migration in known().filter(|migration| migration.version > after && migration.version <= to) {
        conn.apply(&MIGRATIONS.table_name, migration).await.map_err(explain)?;
    }
    Ok(())
}

/// Gives the migrations that are still to be applied, refusing tables of a newer version and a migration that has
/// changed since.
async fn pending(conn: &mut PgConnection) -> Result<Vec<&'static Migration>> {
    let table: Option<String> =
        sqlx::query_scalar("select to_regclass('public._sqlx_migrations')::text").fetch_one(&mut *conn).await?;
    if table.is_none() {
        return Ok(known().collect());
    }
    if let Some(version) = conn.dirty_version(&MIGRATIONS.table_name).await.map_err(explain)? {
        return Err(explain(MigrateError::Dirty(version)));
    }
    let applied = conn.list_applied_migrations(&MIGRATIONS.table_name).await.map_err(explain)?;
    let mut applied: BTreeMap<_, _> = applied.into_iter().map(|one| (one.version, one.checksum)).collect();
    let mut left = Vec::new();
    for migration in known() {
        match applied.remove(&migration.version) {
            Some(checksum) if checksum == migration.checksum => {}
            Some(_) => return Err(explain(MigrateError::VersionMismatch(migration.version))),
            None => left.push(migration),
        }
    }
    match applied.pop_last() {
        Some((version, _)) => Err(explain(MigrateError::VersionMissing(version))),
        None => Ok(left),
    }
}

fn explain(error: MigrateError) -> Error {
    let known = newest();
    match error {
        MigrateError::VersionMissing(found) if found > known => Error::NewerData { found, known },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        error => Error::Migration(error),
    }
}
