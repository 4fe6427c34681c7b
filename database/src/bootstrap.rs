//! The first steps on a fresh server, over its local socket: roles and the empty database.

use std::path::Path;

use crate::{Result, conf::RolePasswords};

/// Makes the roles and the database, or brings existing ones to these passwords, as superuser `postgres` over the
/// local socket (see [`crate::conf::render_pg_ident`] for which system users may). Running it twice changes nothing.
/// Migrations come after, over TLS: [`crate::migrate`].
///
/// # Errors
/// [`crate::Error::Unavailable`] as long as the server starts.
pub async fn prepare(_socket_dir: &Path, _port: u16, _database: &str, _passwords: &RolePasswords) -> Result<()> {
    unimplemented!()
}
