use std::{io, net::SocketAddr};

use untxt_core::{
    crypto::CryptoError, queue::QueueError, receipts::SigningKeyError, storage::StorageError, tls::TlsError,
};

use crate::session::PasswordError;

/// Why the backend can't start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program listens there.
    #[error("{setting}: {address} is in use by another program; stop that program or set another address")]
    AddressInUse {
        /// The setting that names the address.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The system refuses the address.
    #[error("{setting}: can't listen on {address}: {source}")]
    Bind {
        /// The setting that names the address.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// `server.public_url` is no address of a site.
    #[error("server.public_url: {0} is not an address such as https://untxt.example")]
    PublicUrl(String),
    /// `server.trusted_proxies` names something that is no address.
    #[error("server.trusted_proxies: {0} is neither an address nor a network such as 10.0.0.0/8")]
    Proxy(String),
    /// The table of operations and the routes differ: a mistake of ours.
    #[error("the table of operations is not that of the routes: {0}")]
    Operations(String),
    /// Mail can't be prepared.
    #[error("mail can't be sent: {0}")]
    Mail(String),
    /// A provider of logins can't be prepared.
    #[error("oidc.providers: {0}")]
    Oidc(String),
    /// A certificate or key can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] untxt_database::Error),
    /// The object store can't be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The queue can't be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The root key can't be used.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A key that checks receipts can't be read.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// Logins can't be prepared.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The documents would be stored where another installation removes them.
    #[error(
        "storage.bucket belongs to another installation (see its object \"installation\"): give each a bucket of its own"
    )]
    ForeignBucket,
    /// Monitors can't be answered.
    #[error(transparent)]
    Monitoring(io::Error),
    /// A listening socket broke.
    #[error("the server stopped: {0}")]
    Serve(#[source] io::Error),
}
