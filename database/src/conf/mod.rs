//! The settings of the Postgres server: files rendered from the templates in `database/conf/`.
//!
//! It promises what docs say of the hop: TLS 1.3 with client certificates only, the superuser only over the local
//! socket, no statement and no value in the log.

mod scram;

use std::path::Path;

use secrecy::SecretString;

/// Where one server has its things.
#[derive(Clone, Copy, Debug)]
pub struct PostgresPaths<'a> {
    /// Folder of the local socket; only the server's system user and the supervisor should reach it.
    pub socket_dir: &'a Path,
    /// Certificate of the server: leaf and intermediate.
    pub cert: &'a Path,
    /// Its key, 0600, owned by the system user that Postgres runs as.
    pub key: &'a Path,
    /// What client certificates must chain to: root and client CA (`clients.pem`).
    pub client_ca: &'a Path,
}

/// Passwords of the login roles.
#[derive(Clone, Debug)]
pub struct RolePasswords {
    /// Of `untxt_backend`.
    pub backend: SecretString,
    /// Of `untxt_worker`.
    pub worker: SecretString,
    /// Of `untxt_migrate`.
    pub migrate: SecretString,
}

/// Renders `postgresql.conf`: loopback only, that port, those files.
#[must_use]
pub fn render_postgresql_conf(_port: u16, _paths: &PostgresPaths<'_>) -> String {
    unimplemented!()
}

/// Renders `pg_hba.conf` for the database of that name.
#[must_use]
pub fn render_pg_hba(_database: &str) -> String {
    unimplemented!()
}

/// Renders `pg_ident.conf`: these system users may be the superuser `postgres` over the local socket.
#[must_use]
pub fn render_pg_ident(_system_users: &[&str]) -> String {
    unimplemented!()
}

/// Gives the statements that make the roles, or bring existing ones to these passwords; run them one by one as
/// superuser. They hold SCRAM verifiers (RFC 5802, RFC 7677), never a password.
///
/// # Errors
/// [`ScramError`] when a password isn't printable ASCII or there is no randomness.
pub fn role_statements(_passwords: &RolePasswords) -> Result<Vec<String>, ScramError> {
    unimplemented!()
}

pub use scram::ScramError;
