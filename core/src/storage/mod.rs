//! Objects: sealed files in an S3-compatible store.
//!
//! It promises https with our own TLS configuration for every access, and that [`ObjectKey`] is the only maker of
//! object paths. It refuses to see plaintext: callers seal first.

mod key;
mod s3;
pub mod server;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use key::ObjectKey;
pub use s3::S3Store;

use crate::tls::TlsError;

/// Why the store gave or took nothing.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no such object.
    #[error("the object is not there")]
    NotFound,
    /// The store does not answer or has trouble; try again later.
    #[error("the object store does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store refuses our credentials or our request.
    #[error("the object store refuses: {0}")]
    Refused(String),
    /// The stream that was to be stored broke off; nothing was stored.
    #[error("the upload broke off")]
    Interrupted(#[source] std::io::Error),
    /// A certificate or key of ours can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A stream of pieces of a file.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// The store of sealed objects.
#[async_trait]
pub trait ObjectStore: Send + Sync + std::fmt::Debug {
    /// Stores a stream under a key, all or nothing, in bounded memory (multipart above 8 MiB), and gives its length
    /// in bytes. If the stream ends with an error nothing is left behind.
    async fn put(&self, key: &ObjectKey, body: ByteStream) -> Result<u64, StorageError>;

    /// Reads an object, whole or a range of bytes.
    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<ByteStream, StorageError>;

    /// Deletes objects; those that are not there count as deleted.
    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StorageError>;

    /// Makes a cheap request that shows whether the store answers and accepts our credentials.
    async fn probe(&self) -> Result<(), StorageError>;
}
