use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::timeout::TimeoutConfigBuilder,
    operation::upload_part::UploadPartOutput,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ServerSideEncryption},
};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, future, stream::Fuse};

use super::S3Store;
use crate::storage::{ByteStream, StorageError};

/// Length of every part but the last; what is not longer is put in one request. S3 wants 5 MiB at least and 10,000
/// parts at most, which is 80 GB.
const PART_LEN: usize = 8 << 20;
/// Most objects are page images that are not longer; only beyond it a whole part is reserved.
const SMALL_LEN: usize = 1 << 20;
/// One try to send a part: enough for 70 kB/s.
const PART_TIMEOUT: Duration = Duration::from_secs(120);
/// Abandoned parts are worth one short try; what is left falls to the store's own clean-up.
const ABORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Puts a stream, in one request or in parts.
pub(super) async fn upload(store: &S3Store, key: &str, body: ByteStream) -> Result<u64, StorageError> {
    let mut parts = Parts { body: body.fuse(), rest: Bytes::new() };
    let first = parts.next().await?;
    if first.len() < PART_LEN {
        return put_whole(store, key, first).await;
    }
    let second = parts.next().await?;
    if second.is_empty() {
        return put_whole(store, key, first).await;
    }
    let mut upload = Multipart::begin(store, key).await?;
    let sent = upload.send_all(first, second, parts).await;
    match sent {
        Ok(length) => upload.complete().await.map(|()| length),
        Err(error) => {
            upload.abort().await;
            Err(error)
        }
    }
}

/// Cuts a stream into parts.
struct Parts {
    /// Fused: a part that ends with the stream asks it once more, and not every stream can be asked after its end.
    body: Fuse<ByteStream>,
    /// What the last piece had more than fitted into its part.
    rest: Bytes,
}

impl Parts {
    /// Collects the next part, shorter than [`PART_LEN`] only at the end of the stream.
    async fn next(&mut self) -> Result<Bytes, StorageError> {
        let mut first = std::mem::take(&mut self.rest);
        if first.len() > PART_LEN {
            self.rest = first.split_off(PART_LEN);
        }
        let mut part = BytesMut::from(first);
        while part.len() < PART_LEN {
            let Some(piece) = self.body.next().await else { break };
            let mut piece = piece.map_err(StorageError::Interrupted)?;
            if piece.len() > PART_LEN - part.len() {
                self.rest = piece.split_off(PART_LEN - part.len());
            }
            if part.len() + piece.len() > SMALL_LEN {
                part.reserve(PART_LEN - part.len());
            }
            part.extend_from_slice(&piece);
        }
        Ok(part.freeze())
    }
}

async fn put_whole(store: &S3Store, key: &str, body: Bytes) -> Result<u64, StorageError> {
    let length = body.len() as u64;
    let (sse, kms_key) = server_side_encryption(store);
    let request = store.client.put_object().bucket(&store.bucket).key(key).body(body.into());
    let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32);
    let request = request.set_server_side_encryption(sse).set_ssekms_key_id(kms_key).customize();
    // The body goes over verified TLS and carries a CRC32; hashing it a second time for the signature adds nothing.
    let sent = request.disable_payload_signing().config_override(patient()).send().await;
    sent.map(|_| length).map_err(StorageError::from_sdk)
}

/// An upload in parts. Dropped before it was completed or aborted, it aborts itself in the background.
struct Multipart {
    client: Client,
    bucket: String,
    key: String,
    upload_id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Multipart {
    async fn begin(store: &S3Store, key: &str) -> Result<Self, StorageError> {
        let (sse, kms_key) = server_side_encryption(store);
        let request = store.client.create_multipart_upload().bucket(&store.bucket).key(key);
        // Named here as well as on the parts, or some servers refuse to complete.
        let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32);
        let request = request.set_server_side_encryption(sse).set_ssekms_key_id(kms_key);
        let begun = request.send().await.map_err(StorageError::from_sdk)?;
        let upload_id = begun.upload_id.ok_or_else(|| StorageError::unexpected("the answer has no upload id"))?;
        Ok(Self {
            client: store.client.clone(),
            bucket: store.bucket.clone(),
            key: key.to_owned(),
            upload_id: Some(upload_id),
            parts: Vec::new(),
        })
    }

    /// Sends part after part, while the next one is being collected.
    async fn send_all(&mut self, first: Bytes, second: Bytes, mut parts: Parts) -> Result<u64, StorageError> {
        let mut length = first.len() as u64;
        self.send_part(first).await?;
        let mut part = second;
        while !part.is_empty() {
            length += part.len() as u64;
            let (sent, next) = future::join(self.send_part(part), parts.next()).await;
            sent?;
            part = next?;
        }
        Ok(length)
    }

    async fn send_part(&mut self, body: Bytes) -> Result<(), StorageError> {
        let number = i32::try_from(self.parts.len() + 1).map_err(StorageError::unexpected)?;
        let request =
            self.client.upload_part().bucket(&self.bucket).key(&self.key).set_upload_id(self.upload_id.clone());
        let request = request.part_number(number).checksum_algorithm(ChecksumAlgorithm::Crc32).body(body.into());
        let request = request.customize().disable_payload_signing().config_override(patient());
        let sent: UploadPartOutput = request.send().await.map_err(StorageError::from_sdk)?;
        let part = CompletedPart::builder().part_number(number);
        self.parts.push(part.set_e_tag(sent.e_tag).set_checksum_crc32(sent.checksum_crc32).build());
        Ok(())
    }

    async fn complete(mut self) -> Result<(), StorageError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
        let request = self.client.complete_multipart_upload().bucket(&self.bucket).key(&self.key);
        let request = request.set_upload_id(self.upload_id.clone()).multipart_upload(parts);
        let completed = request.customize().config_override(patient()).send().await.map_err(StorageError::from_sdk);
        if completed.is_ok() {
            self.upload_id = None;
        }
        completed.map(|_| ())
    }

    async fn abort(mut self) {
        if let Some(upload_id) = self.upload_id.take() {
            send_abort(self.client.clone(), self.bucket.clone(), self.key.clone(), upload_id).await;
        }
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        let (Some(upload_id), Ok(runtime)) = (self.upload_id.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        // Loose, because who dropped this cannot wait, and the store client outlives no lifecycle of its own. It is
        // over after ABORT_TIMEOUT at the latest; if the process ends first, the parts are left to the store's clean-up
        // of unfinished uploads.
        runtime.spawn(send_abort(self.client.clone(), self.bucket.clone(), self.key.clone(), upload_id));
    }
}

async fn send_abort(client: Client, bucket: String, key: String, upload_id: String) {
    let request = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(upload_id).send();
    match tokio::time::timeout(ABORT_TIMEOUT, request).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the parts of a broken upload could not be removed"
            );
        }
        Err(_) => tracing::warn!("removing the parts of a broken upload took too long"),
    }
}

/// Asks AWS to encrypt with the configured key, on top of what we sealed.
fn server_side_encryption(store: &S3Store) -> (Option<ServerSideEncryption>, Option<String>) {
    (store.kms_key_id.as_ref().map(|_| ServerSideEncryption::AwsKms), store.kms_key_id.clone())
}

/// Gives a request with a large body, or one that makes the server copy, its time.
fn patient() -> aws_sdk_s3::config::Builder {
    let timeout = TimeoutConfigBuilder::new().operation_attempt_timeout(PART_TIMEOUT).build();
    aws_sdk_s3::Config::builder().timeout_config(timeout)
}
