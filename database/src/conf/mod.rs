//! The settings of the Postgres server: files rendered from the templates in `database/conf/`.
//!
//! It promises what docs say of the hop: TLS 1.3 with client certificates only, the superuser only over the local
//! socket, no statement and no value in the log.

mod scram;

use std::path::Path;

pub use scram::ScramError;
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
    /// Of `untxt_backup`.
    pub backup: SecretString,
}

const MIB: u64 = 1 << 20;

/// Renders `postgresql.conf`: loopback only, that port, those files; `memory` is what the machine has, in bytes, of which an
/// eighth is for the pages of tables and indexes (128 MiB to 8 GiB).
#[must_use]
pub fn render_postgresql_conf(port: u16, memory: u64, paths: &PostgresPaths<'_>) -> String {
    let quoted = |path: &Path| path.display().to_string().replace('\'', "''");
    include_str!("../../conf/postgresql.conf")
        .replace("{port}", &port.to_string())
        .replace("{shared_buffers}", &(memory / 8 / MIB).clamp(128, 8192).to_string())
        .replace("{socket_dir}", &quoted(paths.socket_dir))
        .replace("{cert}", &quoted(paths.cert))
        .replace("{key}", &quoted(paths.key))
        .replace("{client_ca}", &quoted(paths.client_ca))
}

/// Renders `pg_hba.conf` for the database of that name.
#[must_use]
pub fn render_pg_hba(database: &str) -> String {
    include_str!("../../conf/pg_hba.conf").replace("{database}", database)
}

/// Renders `pg_ident.conf`: these system users may be the superuser `postgres` over the local socket.
#[must_use]
pub fn render_pg_ident(system_users: &[&str]) -> String {
    let mut text = include_str!("../../conf/pg_ident.conf").to_owned();
    for user in system_users {
        text.push_str(&format!("superuser \"{user}\" postgres\n"));
    }
    text
}

/// Gives the statements that make the roles, or bring existing ones to these passwords; run them one by one as
/// superuser. They hold SCRAM verifiers (RFC 5802, RFC 7677), never a password.
///
/// # Errors
/// [`ScramError`] when a password isn't printable ASCII or there is no randomness.
pub fn role_statements(passwords: &RolePasswords) -> Result<Vec<String>, ScramError> {
    let mut text = include_str!("../../conf/roles.sql").to_owned();
    for (placeholder, password) in [
        ("{backend_verifier}", &passwords.backend),
        ("{worker_verifier}", &passwords.worker),
        ("{migrate_verifier}", &passwords.migrate),
        ("{backup_verifier}", &passwords.backup),
    ] {
        text = text.replace(placeholder, &scram::verifier(password)?);
    }
    Ok(paragraphs(&text))
}

/// Gives the statements that close a new database to everybody but our roles; run them one by one, connected to it.
#[must_use]
pub fn database_statements(database: &str) -> Vec<String> {
    paragraphs(&include_str!("../../conf/database.sql").replace("{database}", database))
}

/// Splits a template into its statements, without the comments at its head.
fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|part| !part.is_empty() && !part.starts_with("--"))
        .map(Into::into)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_unrendered() {
        let path = Path::new("/srv/it's here");
        let paths = PostgresPaths { socket_dir: path, cert: path, key: path, client_ca: path };
        let conf = render_postgresql_conf(5433, 24 << 30, &paths);
        assert!(conf.contains("port = 5433\n"));
        assert!(conf.contains("shared_buffers = '3072MB'\n"));
        assert!(conf.contains("ssl_key_file = '/srv/it''s here'\n"));
        let password = || SecretString::from("a secret of ours");
        let passwords =
            RolePasswords { backend: password(), worker: password(), migrate: password(), backup: password() };
        let roles = role_statements(&passwords).expect("statements");
        assert_eq!(roles.len(), 7);
        let everything = [conf, render_pg_hba("untxt"), roles.join("\n"), database_statements("untxt").join("\n")];
        for text in everything {
            assert!(!text.contains('{') && !text.contains("a secret of ours"), "{text}");
        }
    }
}
