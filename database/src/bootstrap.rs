//! The first steps on a fresh server, over its local socket: roles and the empty database.

use std::path::Path;

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::{
    Error, Result,
    conf::{RolePasswords, database_statements, role_statements},
};

/// Makes the roles and the database, or brings existing ones to these passwords, as superuser `postgres` over the
/// local socket (see [`crate::conf::render_pg_ident`] for which system users may). Running it twice changes nothing.
/// Migrations come after, over TLS: [`crate::migrate`]. The name of the database is ours: lower case letters, digits
/// and `_`.
///
/// # Errors
/// [`Error::Unavailable`] as long as the server starts.
pub async fn prepare(socket_dir: &Path, port: u16, database: &str, passwords: &RolePasswords) -> Result<()> {
    let statements = role_statements(passwords)?;
    let mut conn = connect(socket_dir, port, "postgres").await?;
    run(&mut conn, &statements).await?;
    if !is_there(&mut conn, database).await? {
        run(&mut conn, &[format!("create database {database} with owner untxt_owner encoding 'UTF8'")]).await?;
    }
    conn.close().await?;
    let mut conn = connect(socket_dir, port, database).await?;
    run(&mut conn, &database_statements(database)).await?;
    Ok(conn.close().await?)
}

/// Connects over the local socket, which never leaves this machine: the one connection without TLS, and the system
/// user is the proof of who we are.
async fn connect(socket_dir: &Path, port: u16, database: &str) -> Result<PgConnection> {
    let options = PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(port)
        .username("postgres")
        .database(database)
        .application_name("untxt-up")
        .ssl_mode(PgSslMode::Disable);
    Ok(options.connect().await?)
}

async fn run(conn: &mut PgConnection, statements: &[String]) -> Result<()> {
    for statement in statements {
        conn.execute(AssertSqlSafe(statement.as_str())).await?;
    }
    Ok(())
}

async fn is_there(conn: &mut PgConnection, database: &str) -> Result<bool> {
    let found: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
        .bind(database)
        .fetch_optional(conn)
        .await
        .map_err(Error::from)?;
    Ok(found.is_some())
}
