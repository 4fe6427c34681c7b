//! The store behind `aws-sdk-s3`: AWS S3 or any compatible server.
//!
//! It promises https with our own TLS configuration, at most two parts (16 MiB) of an upload in memory, and that an
//! upload that breaks off leaves nothing behind. It refuses to know what the bytes are.

mod abandoned;
mod error;
mod part;
mod upload;

use std::{ops::Range, time::Duration};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sdk_s3::{
    Client,
    config::{
        Region, StalledStreamProtectionConfig,
        retry::RetryConfig,
        timeout::{TimeoutConfig, TimeoutConfigBuilder},
    },
    operation::get_object::GetObjectOutput,
    types::{Delete, Object, ObjectIdentifier},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use secrecy::ExposeSecret;

use super::{ByteStream, Listing, ObjectKey, ObjectStore, StorageError, StoredObject};
use crate::{aws_transport, config::Storage, domain::DocumentId, tls};

/// One try of a request without a large body, until its answer begins.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// [`S3Store::probe`] altogether.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// Tries of one request; with the pauses between them a refusing port costs about a second.
const ATTEMPTS: u32 = 3;
/// Pause before the second try, doubled for the third.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A download that gives no byte for so long is broken off.
const STALLED_AFTER: Duration = Duration::from_secs(20);
/// Most keys that one `DeleteObjects` may name.
const DELETE_BATCH: usize = 1000;

/// The store behind `aws-sdk-s3`: AWS S3 or any compatible server.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Key for server-side encryption, on top of ours.
    kms_key_id: Option<String>,
}

impl S3Store {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`StorageError::Tls`] when certificates or keys can't be read.
    pub fn new(storage: &Storage) -> Result<Self, StorageError> {
        let keys = Credentials::new(
            storage.access_key_id.expose_secret(),
            storage.secret_access_key.expose_secret(),
            None,
            None,
            "untxt settings",
        );
        let mut config = aws_sdk_s3::Config::builder()
            .region(Region::new(storage.region.clone()))
            .credentials_provider(keys)
            .http_client(aws_transport::http_client(tls::storage_client(storage)?))
            .force_path_style(storage.path_style)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(STALLED_AFTER).build());
        config.set_endpoint_url(storage.endpoint.clone());
        Ok(Self {
            client: Client::from_conf(config.build()),
            bucket: storage.bucket.clone(),
            kms_key_id: storage.kms_key_id.clone(),
        })
    }

    async fn list_prefix(&self, prefix: &str, next: Option<String>) -> Result<Listing, StorageError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let answer = request.set_continuation_token(next).send().await.map_err(StorageError::from_sdk)?;
        let objects: Vec<_> = answer.contents().iter().filter_map(ours).collect();
        let others = answer.contents().len() - objects.len();
        Ok(Listing { objects, others, next: answer.next_continuation_token })
    }

    async fn delete_batch(&self, keys: &[ObjectKey]) -> Result<(), StorageError> {
        let named = keys.iter().map(|key| ObjectIdentifier::builder().key(key.to_string()).build());
        let objects = named.collect::<Result<Vec<_>, _>>().map_err(StorageError::unexpected)?;
        let delete =
            Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(StorageError::unexpected)?;
        let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
        match answer.map_err(StorageError::from_sdk)?.errors() {
            [] => Ok(()),
            [first, ..] => Err(StorageError::from_code(first.code().unwrap_or("unknown"))),
        }
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put(&self, key: &ObjectKey, body: ByteStream) -> Result<u64, StorageError> {
        upload::upload(self, &key.to_string(), body).await
    }

    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key.to_string());
        let Some(range) = range else {
            return Ok(pieces(request.send().await.map_err(StorageError::from_sdk)?));
        };
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let request = request.range(format!("bytes={}-{}", range.start, range.end - 1));
        let answer = match request.send().await.map_err(StorageError::from_sdk) {
            // The object ends before it.
            Err(StorageError::Refused(code)) if code == "InvalidRange" => return Ok(stream::empty().boxed()),
            answer => answer?,
        };
        part::check(&range, answer.content_range())?;
        Ok(part::at_most(pieces(answer), &range))
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StorageError> {
        let request = self.client.head_object().bucket(&self.bucket).key(key.to_string());
        let answer = request.send().await.map_err(StorageError::from_sdk)?;
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        length.ok_or_else(|| StorageError::unexpected("the store does not say how long an object is"))
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StorageError> {
        for batch in keys.chunks(DELETE_BATCH) {
            self.delete_batch(batch).await?;
        }
        Ok(())
    }

    async fn list(&self, next: Option<String>) -> Result<Listing, StorageError> {
        self.list_prefix(ObjectKey::PREFIX, next).await
    }

    async fn list_document(&self, document: DocumentId, next: Option<String>) -> Result<Listing, StorageError> {
        self.list_prefix(&ObjectKey::prefix_of(document), next).await
    }

    async fn list_receipts(&self, next: Option<String>) -> Result<Listing, StorageError> {
        self.list_prefix(ObjectKey::RECEIPTS, next).await
    }

    async fn abort_uploads(&self, document: DocumentId) -> Result<usize, StorageError> {
        abandoned::abort(self, &ObjectKey::prefix_of(document)).await
    }

    async fn probe(&self) -> Result<(), StorageError> {
        let timeout = TimeoutConfigBuilder::new().operation_timeout(PROBE_TIMEOUT).build();
        let once = aws_sdk_s3::Config::builder().timeout_config(timeout).retry_config(RetryConfig::disabled());
        let request = self.client.head_bucket().bucket(&self.bucket).customize().config_override(once);
        request.send().await.map(|_| ()).map_err(StorageError::from_sdk)
    }
}

/// Reads a line of a listing; `None` for what another program put there.
fn ours(object: &Object) -> Option<StoredObject> {
    Some(StoredObject { key: object.key()?.parse().ok()?, stored_at: object.last_modified()?.secs() })
}

/// Gives the body of an answer as it arrives.
fn pieces(answer: GetObjectOutput) -> ByteStream {
    stream::try_unfold(answer.body, |mut body| async move {
        let next: Option<Bytes> = body.try_next().await.map_err(std::io::Error::other)?;
        Ok(next.map(|piece| (piece, body)))
    })
    .boxed()
}
