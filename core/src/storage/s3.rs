use std::{ops::Range, sync::Arc};

use async_trait::async_trait;

use super::{ByteStream, ObjectKey, ObjectStore, StorageError};
use crate::config::Storage;

/// The store behind `aws-sdk-s3`: AWS S3 or any compatible server.
#[derive(Clone, Debug)]
pub struct S3Store {}

impl S3Store {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When certificates or keys can't be read.
    pub fn new(_storage: &Storage, _tls: Arc<rustls::ClientConfig>) -> Result<Self, StorageError> {
        unimplemented!()
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put(&self, _key: &ObjectKey, _body: ByteStream) -> Result<u64, StorageError> {
        unimplemented!()
    }

    async fn get(&self, _key: &ObjectKey, _range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        unimplemented!()
    }

    async fn delete(&self, _keys: &[ObjectKey]) -> Result<(), StorageError> {
        unimplemented!()
    }

    async fn probe(&self) -> Result<(), StorageError> {
        unimplemented!()
    }
}
