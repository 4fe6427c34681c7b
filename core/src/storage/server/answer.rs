use std::io;

use http::StatusCode;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{ETag, Object, Part, Timestamp},
    s3_error,
};

use super::object_file::ObjectInfo;

/// Runs file work where it blocks nobody, and turns its errors into answers.
pub(super) async fn blocking<T, F>(work: F) -> S3Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(trouble),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "file work of the store broke off");
            Err(s3_error!(InternalError))
        }
    }
}

/// Says what the disk did: full is a state to repair, anything else is logged in full and answered briefly.
pub(super) fn trouble(error: io::Error) -> S3Error {
    if let io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded = error.kind() {
        tracing::error!("the disk of the store is full; nothing was stored");
        let code = S3ErrorCode::Custom("InsufficientStorage".into());
        let mut answer = S3Error::with_message(code, "the disk of the store is full");
        answer.set_status_code(StatusCode::INSUFFICIENT_STORAGE);
        return answer;
    }
    tracing::error!(error = &error as &dyn std::error::Error, "the store can't use its folder");
    s3_error!(InternalError, "the store can't use its folder")
}

/// Refuses to pretend: what arrives here is sealed already, and nothing more is done to it.
pub(super) fn refuse_encryption(is_asked: bool) -> S3Result<()> {
    if is_asked { Err(s3_error!(NotImplemented, "this store has no encryption of its own")) } else { Ok(()) }
}

pub(super) fn to_i64(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

pub(super) fn to_timestamp(seconds: i64) -> S3Result<Timestamp> {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| s3_error!(error, InternalError))?;
    Ok(time.into())
}

pub(super) fn to_object(info: ObjectInfo) -> S3Result<Object> {
    Ok(Object {
        last_modified: Some(to_timestamp(info.modified)?),
        size: Some(to_i64(info.length)),
        e_tag: Some(ETag::Strong(info.etag)),
        key: Some(info.key),
        ..Default::default()
    })
}

pub(super) fn to_part((number, info): (i32, ObjectInfo)) -> S3Result<Part> {
    Ok(Part {
        part_number: Some(number),
        last_modified: Some(to_timestamp(info.modified)?),
        size: Some(to_i64(info.length)),
        e_tag: Some(ETag::Strong(info.etag)),
        checksum_crc32: info.crc32,
        ..Default::default()
    })
}
