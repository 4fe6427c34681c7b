use std::io;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

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
