//! Objects: sealed files in an S3-compatible store.
//!
//! It promises https with our own TLS configuration for every access, and that [`ObjectKey`] is the only maker of
//! object paths. It refuses to see plaintext: callers seal first.

mod bucket;
mod key;
mod s3;
pub mod server;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use bucket::Bucket;
pub use key::{ObjectKey, UnknownKey};
pub use s3::S3Store;

use crate::{domain::DocumentId, tls::TlsError};

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

/// An object that is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its key.
    pub key: ObjectKey,
    /// When it was stored, by the store's clock, in seconds since 1970.
    pub stored_at: i64,
}

/// A part of all objects there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Those of ours, in the order of their paths.
    pub objects: Vec<StoredObject>,
    /// How many others are among them, whose paths we never make.
    pub others: usize,
    /// Where the next part begins; `None`: this was the last.
    pub next: Option<String>,
}

/// A stream of pieces of a file.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// The store of sealed objects.
#[async_trait]
pub trait ObjectStore: Send + Sync + std::fmt::Debug {
    /// Stores a stream under a key, all or nothing, in bounded memory (multipart above 8 MiB), and gives its length
    /// in bytes. If the stream ends with an error nothing is left behind.
    async fn put(&self, key: &ObjectKey, body: ByteStream) -> Result<u64, StorageError>;

    /// Reads an object, whole or a range of bytes: then these, fewer where the object ends, and never others. How long the
    /// object is, and what is in it, is the store's word.
    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<ByteStream, StorageError>;

    /// Gives how many bytes an object has, as the store says.
    async fn length(&self, key: &ObjectKey) -> Result<u64, StorageError>;

    /// Deletes objects; those that are not there count as deleted.
    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StorageError>;

    /// Lists a part of all objects, at most a thousand: the first, or the one that begins at `next` of another.
    async fn list(&self, next: Option<String>) -> Result<Listing, StorageError>;

    /// Lists a part of what is there of one document, like [`Self::list`].
    async fn list_document(&self, document: DocumentId, next: Option<String>) -> Result<Listing, StorageError>;

    /// Lists a part of the receipts that are there, like [`Self::list`], which lists none.
    async fn list_receipts(&self, next: Option<String>) -> Result<Listing, StorageError>;

    /// Ends uploads in parts that were left open for objects of a document, and removes their parts, which no listing shows;
    /// says how many. A part that arrives meanwhile may stay, so whoever needs to know asks again until there were none.
    async fn abort_uploads(&self, document: DocumentId) -> Result<usize, StorageError>;

    /// Makes a cheap request that shows whether the store answers and accepts our credentials.
    async fn probe(&self) -> Result<(), StorageError>;
}
