use untxt_core::{config, tls::ClientPem};

use crate::Result;

/// Brings the tables to the state that this executable knows, as role `untxt_migrate`. Running it twice, or twice at
/// once, changes nothing more.
///
/// # Errors
/// [`crate::Error::NewerData`] when a newer version was here; then nothing was changed.
pub async fn migrate(_settings: &config::Database, _pem: &ClientPem) -> Result<()> {
    unimplemented!()
}
