use sqlx::{
    ConnectOptions, Connection, Executor,
    migrate::{MigrateError, Migrator},
};
use untxt_core::config;

use crate::{Error, Result, connect::verified_options};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings the tables to the state that this executable knows, as role `untxt_migrate`. Running it twice, or twice at
/// once, changes nothing more.
///
/// # Errors
/// [`Error::NewerData`] when a newer version was here; then nothing was changed.
pub async fn migrate(settings: &config::Database) -> Result<()> {
    // An index on a large table may take longer than a request may.
    let options = verified_options(settings, "untxt-migrate")?.options([("statement_timeout", "0")]);
    let mut conn = options.connect().await?;
    conn.execute("set role untxt_owner").await?;
    MIGRATIONS.run(&mut conn).await.map_err(explain)?;
    Ok(conn.close().await?)
}

fn explain(error: MigrateError) -> Error {
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    match error {
        MigrateError::VersionMissing(found) if found > known => Error::NewerData { found, known },
        MigrateError::Execute(error) => error.into(),
        error => Error::Migration(error),
    }
}
