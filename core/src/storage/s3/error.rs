use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::storage::StorageError;

impl StorageError {
    /// Sorts an error by what the caller can do about it.
    pub(super) fn from_sdk<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let SdkError::ServiceError(answer) = &error else {
            return match error {
                SdkError::ConstructionFailure(_) => Self::Refused("the request can't be made".to_owned()),
                error => Self::Unavailable(error.into()),
            };
        };
        let status = answer.raw().status().as_u16();
        // A HEAD answer has no body, so no code either.
        let code = answer.err().code().map_or_else(|| format!("status {status}"), str::to_owned);
        match (status, code.as_str()) {
            (404, "NoSuchBucket" | "NoSuchUpload") => Self::Refused(code),
            (404, _) => Self::NotFound,
            (408 | 429 | 500.., _) => Self::Unavailable(error.into()),
            _ => Self::Refused(code),
        }
    }

    /// Sorts an S3 error code that came inside a good answer.
    pub(super) fn from_code(code: &str) -> Self {
        match code {
            "InternalError" | "SlowDown" | "ServiceUnavailable" | "InsufficientStorage" => {
                Self::Unavailable(code.to_owned().into())
            }
            _ => Self::Refused(code.to_owned()),
        }
    }

    /// Wraps what can only be a mistake in a request of ours.
    pub(super) fn unexpected(error: impl std::fmt::Display) -> Self {
        Self::Refused(error.to_string())
    }
}
