//! The one error of the API: a status, a stable machine `code`, and a sentence that says what to do (RFC 9457).
//!
//! It promises that nothing internal reaches a client: causes are logged once, beside the request id. Errors that
//! the framework makes (unknown route, wrong method, bad JSON) are turned into the same form.

use std::{borrow::Cow, error::Error as StdError, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{
        rejection::{JsonRejection, PathRejection, QueryRejection},
        ws::rejection::WebSocketUpgradeRejection,
    },
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use untxt_core::{
    crypto::CryptoError,
    domain::{Failure, MediaType},
    storage::StorageError,
};
use uuid::Uuid;

type Cause = Box<dyn StdError + Send + Sync>;

/// Why a request was not answered as wished.
#[derive(Debug)]
pub(crate) enum ApiError {
    BadRequest(&'static str),
    NotLoggedIn,
    WrongCredentials,
    TooManyAttempts {
        retry_after: Duration,
    },
    WrongOrigin,
    NotFound,
    DocumentNotFound,
    TaskNotFound,
    PageNotFound,
    PageNotReady,
    PageFailed(Failure),
    NotReady,
    NoSearchablePdf,
    AddressTooLong,
    FileTooLarge {
        max_bytes: u64,
    },
    UnsupportedType {
        allowed: Vec<MediaType>,
    },
    EmptyFile,
    FileMissing,
    UploadBroken,
    UploadStalled,
    BadIdempotencyKey,
    IdempotencyKeyReused,
    TooManySockets,
    NoFrontend,
    /// The object store is down; nothing was stored.
    StorageUnavailable(Cause),
    /// Something else that we need is down or too busy.
    Unavailable(Cause),
    /// What the framework answered, known only by its status.
    Framework(StatusCode),
    /// The fault is ours.
    Internal(Cause),
}

/// What a variant looks like from outside.
struct Face {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    request_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a Failure>,
}

impl ApiError {
    /// Hides a cause that no client can do anything about.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    fn face(&self) -> Face {
        let (status, code, title, detail): (u16, _, _, Cow<'static, str>) = match self {
            Self::BadRequest(detail) => (400, "bad_request", "the request is malformed", (*detail).into()),
            Self::NotLoggedIn => (401, "not_logged_in", "not logged in", "log in and try again".into()),
            Self::WrongCredentials => (
                401,
                "wrong_credentials",
                "wrong login or password",
                "check the login and the password and try again".into(),
            ),
            Self::TooManyAttempts { retry_after } => (
                429,
                "too_many_attempts",
                "too many attempts",
                format!("wait {} seconds and try again", retry_after.as_secs().max(1)).into(),
            ),
            Self::WrongOrigin => (
                403,
                "wrong_origin",
                "the request comes from another site",
                "use the pages that this server serves, under its public address".into(),
            ),
            Self::NotFound => {
                (404, "not_found", "nothing is at this address", "check the address for a typing error".into())
            }
            Self::DocumentNotFound => (
                404,
                "document_not_found",
                "there is no such document",
                "reload the list: the document may have been deleted".into(),
            ),
            Self::TaskNotFound => {
                (404, "task_not_found", "there is no such task", "reload the list of documents".into())
            }
            Self::PageNotFound => {
                (404, "page_not_found", "the document has no such page", "ask for the list of its pages".into())
            }
            Self::PageNotReady => {
                (409, "page_not_ready", "the page has not been read yet", "wait for its page.done event".into())
            }
            Self::PageFailed(failure) => (422, "page_failed", failure.sentence, failure.advice.into()),
            Self::NotReady => {
                (409, "not_ready", "the document is still being read", "wait until its task has ended".into())
            }
            Self::NoSearchablePdf => (
                404,
                "no_searchable_pdf",
                "there is no searchable PDF of this document",
                "none of its pages could be read; look at the reasons and upload it again".into(),
            ),
            Self::AddressTooLong => {
                (414, "address_too_long", "the address is too long", "shorten the address and its query".into())
            }
            Self::FileTooLarge { max_bytes } => (
                413,
                "file_too_large",
                "the file is too large",
                format!("this server takes files up to {max_bytes} bytes; split the document or scan at 300 dpi")
                    .into(),
            ),
            Self::UnsupportedType { allowed } => {
                (415, "unsupported_type", "this kind of file can't be read", one_of(allowed).into())
            }
            Self::EmptyFile => (400, "empty_file", "the file is empty", "choose a file with content".into()),
            Self::FileMissing => (
                400,
                "file_missing",
                "no file was sent",
                "send multipart/form-data with the file in a field named \"file\"".into(),
            ),
            Self::UploadBroken => {
                (400, "upload_broken", "the upload broke off or is malformed", "send the file again".into())
            }
            Self::UploadStalled => (
                408,
                "upload_stalled",
                "the upload stopped moving",
                "check the connection and send the file again".into(),
            ),
            Self::BadIdempotencyKey => (
                400,
                "bad_idempotency_key",
                "the Idempotency-Key can't be used",
                "send 1 to 255 visible ASCII characters".into(),
            ),
            Self::IdempotencyKeyReused => (
                409,
                "idempotency_key_reused",
                "this Idempotency-Key belongs to another file",
                "make a new key for every new file".into(),
            ),
            Self::TooManySockets => {
                (429, "too_many_sockets", "too many live connections", "close other windows and try again".into())
            }
            Self::NoFrontend => (
                503,
                "no_frontend",
                "this build has no pages, only the API",
                "run `npm run build` in frontend/ and build the server again".into(),
            ),
            Self::StorageUnavailable(_) => (
                503,
                "storage_unavailable",
                "the document store does not answer",
                "nothing was changed; try again in a few seconds".into(),
            ),
            Self::Unavailable(_) => {
                (503, "unavailable", "the server is busy", "nothing was changed; try again in a few seconds".into())
            }
            Self::Framework(status) => return Face::of_status(*status),
            Self::Internal(_) => return Face::of_status(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Face { status, code, title, detail }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after } => Some(retry_after.as_secs().max(1)),
            Self::StorageUnavailable(_) | Self::Unavailable(_) => Some(5),
            _ => None,
        }
    }

    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::PageFailed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Logs what no client may see: the one place where an internal error is logged.
    fn log(&self, request_id: Uuid) {
        match self {
            Self::Internal(cause) => {
                tracing::error!(request.id = %request_id, error = chain(cause.as_ref()), "the request failed");
            }
            Self::StorageUnavailable(cause) | Self::Unavailable(cause) => {
                tracing::warn!(request.id = %request_id, error = chain(cause.as_ref()), "something we need is down");
            }
            _ => {}
        }
    }
}

impl Face {
    fn of_status(status: StatusCode) -> Self {
        let (code, title, detail) = match status.as_u16() {
            404 => ("not_found", "nothing is at this address", "check the address for a typing error"),
            405 => ("method_not_allowed", "this address can't do that", "look at the Allow header"),
            408 => ("timeout", "the request took too long", "try again"),
            413 => ("too_large", "the request is too large", "send less at once"),
            415 => ("unsupported_media_type", "the content type is wrong", "send application/json"),
            426 => ("upgrade_required", "this address speaks WebSocket", "open it with a WebSocket client"),
            400..=499 => ("bad_request", "the request is malformed", "compare it with the API's description"),
            _ => (
                "internal",
                "something went wrong on the server",
                "try again later; if it stays, tell your administrator this request_id",
            ),
        };
        Self { status, code, title, detail: detail.into() }
    }
}

impl IntoResponse for ApiError {
    /// Leaves the body to [`render`], which knows the request id.
    fn into_response(self) -> Response {
        let mut response = self.face().status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Gives every error response its body, and logs what is behind it.
pub(crate) fn render(response: Response, request_id: Uuid) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let error = response.extensions().get::<Arc<ApiError>>().cloned();
    let error = error.unwrap_or_else(|| Arc::new(ApiError::Framework(status)));
    error.log(request_id);
    with_problem(response, &error, request_id)
}

fn with_problem(response: Response, error: &ApiError, request_id: Uuid) -> Response {
    let face = error.face();
    let problem = Problem {
        r#type: format!("urn:untxt:problem:{}", face.code),
        title: face.title,
        status: face.status.as_u16(),
        code: face.code,
        detail: &face.detail,
        request_id,
        failure: error.failure(),
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.remove(CONTENT_LENGTH);
    if let Some(seconds) = error.retry_after() {
        parts.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response::from_parts(parts, Body::from(body))
}

fn one_of(allowed: &[MediaType]) -> String {
    let names: Vec<_> = allowed.iter().map(|kind| kind.as_str()).collect();
    format!("send one of {}; the content counts, not the name", names.join(", "))
}

/// Joins an error and its causes into one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        line.push_str(": ");
        line.push_str(&next.to_string());
        cause = next.source();
    }
    line
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Refused(_) => Self::StorageUnavailable(error.into()),
            StorageError::NotFound | StorageError::Interrupted(_) => Self::internal(error),
        }
    }
}

impl From<CryptoError> for ApiError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::Kms(untxt_core::crypto::KmsError::Unavailable(_)) => Self::Unavailable(error.into()),
            _ => Self::internal(error),
        }
    }
}

impl From<untxt_database::Error> for ApiError {
    fn from(error: untxt_database::Error) -> Self {
        if error.is_temporary() { Self::Unavailable(error.into()) } else { Self::internal(error) }
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
