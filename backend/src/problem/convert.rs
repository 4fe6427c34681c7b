//! What the errors of other layers mean to a client.

use std::fmt;

use axum::extract::{
    rejection::{JsonRejection, PathRejection, QueryRejection},
    ws::rejection::WebSocketUpgradeRejection,
};
use http::StatusCode;
use untxt_core::{
    crypto::{CryptoError, KmsError},
    storage::StorageError,
};
use untxt_database::{documents::RETAINED, holds::HELD};

use super::ApiError;
use crate::session::WeakPassword;

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Refused(_) => Self::StorageUnavailable(error.into()),
            StorageError::NotFound | StorageError::Interrupted(_) | StorageError::Tls(_) => Self::internal(error),
        }
    }
}

impl ApiError {
    /// Says what it means that something stored does not open; `id` is whose it is.
    pub(crate) fn of_stored(what: &'static str, id: impl fmt::Display, error: CryptoError) -> Self {
        match error {
            CryptoError::Corrupt | CryptoError::Kms(KmsError::Refused) => Self::Damaged { what, id: id.to_string() },
            other => other.into(),
        }
    }
}

impl From<CryptoError> for ApiError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::Kms(KmsError::Unavailable(_)) => Self::KeysUnavailable(error.into()),
            CryptoError::Kms(KmsError::Denied(_)) => Self::KeysDenied(error.into()),
            // It was replaced between two questions: the next ones find the new key.
            CryptoError::KeyDestroyed | CryptoError::Memory(_) => Self::Unavailable(error.into()),
            _ => Self::internal(error),
        }
    }
}

impl From<WeakPassword> for ApiError {
    fn from(weak: WeakPassword) -> Self {
        Self::WeakPassword(weak)
    }
}

impl From<untxt_database::Error> for ApiError {
    fn from(error: untxt_database::Error) -> Self {
        match error {
            // It was put there between two questions.
            untxt_database::Error::Conflict(constraint) if constraint == "tasks_document_in_trash" => Self::InTrash,
            // Its rule was made between two questions.
            untxt_database::Error::Conflict(constraint) if constraint == HELD => Self::Held,
            untxt_database::Error::Conflict(constraint) if constraint == RETAINED => Self::Retained { until: None },
            error if error.is_temporary() => Self::Unavailable(error.into()),
            error => Self::internal(error),
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Self::BadRequest("the body is not the JSON that this address takes")
            }
            status => Self::Framework(status),
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::NotFound
    }
}

impl From<QueryRejection> for ApiError {
    fn from(_: QueryRejection) -> Self {
        Self::BadRequest("a value in the query has the wrong form")
    }
}

impl From<WebSocketUpgradeRejection> for ApiError {
    fn from(_: WebSocketUpgradeRejection) -> Self {
        Self::Framework(StatusCode::UPGRADE_REQUIRED)
    }
}
