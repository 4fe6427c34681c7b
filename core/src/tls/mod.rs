//! The only maker of TLS configurations, for servers and for every client.
//!
//! It promises TLS 1.3, verified peers, and the private root alone for private hops. It has no switch to weaken.
//! sqlx and redis can't take a configuration: they get PEM bytes from here ([`ClientPem`]), and lettre gets roots.

mod authority;
mod certificates;
mod client;
mod pem;
mod server;

use std::path::PathBuf;

pub use certificates::{Issued, init_certificates};
pub(crate) use client::storage_client;
pub use client::{mail_roots, private_client, public_client};
pub use pem::ClientPem;
pub use server::server;

/// Why a TLS configuration can't be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or unreadable.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder can't be written.
    #[error("{} can't be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds no usable certificate or key, or they don't belong together.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// rustls refuses the combination.
    #[error("this certificate and key can't be used: {0}")]
    Rustls(#[from] rustls::Error),
    /// A certificate could not be made.
    #[error("the certificate can't be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// Installs the crypto provider (aws-lc-rs) for the whole process; a second call changes nothing.
pub fn install_provider() {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::trace!("the crypto provider was installed before");
    }
}
