//! `untxt storage`: the S3 protocol over a folder, with mutual TLS.

use crate::{config::Settings, lifecycle::Lifecycle};

/// Serves until the lifecycle stops. Prints nothing; logs `storage is ready` with its address.
///
/// # Errors
/// When the address is busy, the folder can't be used, or certificates can't be read.
#[expect(clippy::unused_async, reason = "stub")]
pub async fn serve(_settings: &Settings, _lifecycle: &Lifecycle) -> Result<(), std::io::Error> {
    unimplemented!()
}
