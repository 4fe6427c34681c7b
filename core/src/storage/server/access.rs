use async_trait::async_trait;
use http::header::AUTHORIZATION;
use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    s3_error,
    service::{S3Service, S3ServiceBuilder},
};
use secrecy::{ExposeSecret, SecretString};

use super::service::Service;
use crate::config::Storage;

/// What the store can do; everything else is refused before its body is read.
const OPERATIONS: [&str; 13] = [
    "HeadBucket",
    "PutObject",
    "GetObject",
    "HeadObject",
    "DeleteObject",
    "DeleteObjects",
    "ListObjectsV2",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "ListParts",
    "ListMultipartUploads",
];

/// Puts the signature check in front of the service; there is one access key.
pub(super) fn guard(service: Service, storage: &Storage) -> S3Service {
    let mut builder = S3ServiceBuilder::new(service);
    builder.set_auth(OneKey {
        access_key_id: storage.access_key_id.clone(),
        secret_access_key: SecretKey::from(storage.secret_access_key.expose_secret()),
    });
    builder.set_access(SignedOnly);
    builder.build()
}

/// The one access key that there is.
struct OneKey {
    access_key_id: SecretString,
    secret_access_key: SecretKey,
}

#[async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key_id.expose_secret() {
            Ok(self.secret_access_key.clone())
        } else {
            Err(s3_error!(InvalidAccessKeyId))
        }
    }
}

/// Lets only requests through that are signed in their header with version 4: no presigned address, no form, no older
/// signature.
struct SignedOnly;

#[async_trait]
impl S3Access for SignedOnly {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let authorization = context.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
        let is_signed = authorization.is_some_and(|value| value.starts_with(b"AWS4-HMAC-SHA256 "));
        if context.credentials().is_none() || !is_signed {
            return Err(s3_error!(AccessDenied, "the request must be signed in its Authorization header"));
        }
        if !OPERATIONS.contains(&context.s3_op().name()) {
            return Err(s3_error!(NotImplemented, "this store has no {}", context.s3_op().name()));
        }
        Ok(())
    }
}
