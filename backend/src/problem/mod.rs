//! The one error of the API: a status, a stable machine `code`, and a sentence that says what to do (RFC 9457).
//!
//! It promises that nothing internal reaches a client: causes are logged once, beside the request id. Errors that
//! the framework makes (unknown route, wrong method, bad JSON) are turned into the same form.

mod accounts;
mod codes;
mod convert;
mod face;
mod keeping;
mod rights;
mod sso;

use std::{error::Error as StdError, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{
    domain::{Failure, MediaType},
    telemetry::chain,
};
use untxt_page::search::QueryError;
use uuid::Uuid;

pub(crate) use codes::status_of;

use crate::session::WeakPassword;

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
    WrongPassword,
    WeakPassword(WeakPassword),
    StepUpRequired,
    WrongCode,
    LoginExpired,
    SecondFactorNeeded,
    SecondFactorThere,
    NoSecondFactor,
    SessionNotFound,
    UserNotFound,
    NotYourself,
    InvalidLogin,
    InvalidMail,
    NoMail,
    LoginTaken,
    InvitationNotFound,
    ProviderNotFound,
    /// The provider does not answer, or in no form that we know.
    SsoUnavailable,
    /// It lies, or names nobody who is let in.
    SsoRefused,
    SsoExpired,
    SsoOnly,
    IdentityNotFound,
    IdentityTaken,
    LastWayIn,
    /// This server has no name.
    PasskeysOff,
    PasskeyRefused,
    PasskeyNotFound,
    PasskeyTaken,
    TooManyPasskeys,
    LinkNotGood,
    TokenNotFound,
    TooManyTokens,
    InvalidScopes,
    InvalidExpiry,
    WrongOrigin,
    /// The role does not have it.
    NotAllowed,
    /// The token is not good for it.
    ScopeMissing,
    TooManyRequests {
        retry_after: Duration,
    },
    /// What was done can't be put on record, so that nobody learns of it.
    AuditUnavailable(Cause),
    NotFound,
    DocumentNotFound,
    FolderNotFound,
    ShareNotFound,
    PersonNotFound,
    TeamNotFound,
    MemberNotFound,
    /// The person sees it, and may not do that with it.
    RightMissing,
    NotManager,
    LastManager,
    TooManyShares,
    TooManyLinks,
    LinkNotFound,
    /// Of a document, for whoever has it; which of the reasons it is, nobody is told.
    PublicLinkNotGood,
    LinksOff,
    InvalidLink,
    EmergencyOff,
    EmergencyNotFound,
    InvalidEmergency,
    TooManyTeams,
    TooManyMembers,
    InvalidTime,
    TagNotFound,
    NameTaken,
    FolderInItself,
    InvalidName,
    InvalidColour,
    InvalidRetention,
    TooManyFolders,
    TooManyTags,
    TooDeep,
    TaskNotFound,
    PageNotFound,
    PageNotReady,
    PageCancelled,
    PageFailed(Failure),
    /// The query can't be looked for.
    Unsearchable(QueryError),
    TooManySearches {
        retry_after: Duration,
    },
    NotReady,
    Quarantined,
    StillReading,
    InTrash,
    /// `None`: the rule came between two questions.
    Retained {
        until: Option<OffsetDateTime>,
    },
    /// By a legal hold.
    Held,
    HoldNotFound,
    InvalidHold,
    NotInTrash,
    /// No more pages are read for whose it is.
    PageQuotaUsed {
        limit: u64,
        until: OffsetDateTime,
    },
    StorageQuotaUsed {
        limit: u64,
        left: u64,
    },
    ReceiptNotFound,
    NothingUnread,
    ResultNotFound,
    TooManyReadings {
        max: u32,
    },
    NoSearchablePdf,
    /// The part that is asked for begins behind the end of the file.
    RangeNotThere {
        bytes: u64,
    },
    AddressTooLong,
    FileTooLarge {
        max_bytes: u64,
    },
    UnsupportedType {
        allowed: Vec<MediaType>,
    },
    LanguageMissing {
        code: String,
    },
    FormatUnknown,
    EmptyFile,
    FileMissing,
    UploadBroken,
    UploadStalled,
    BadIdempotencyKey,
    IdempotencyKeyReused,
    TooManySockets,
    TooManyUploads,
    TooManyExports,
    TooManyChanges,
    NoFrontend,
    /// What is stored does not open: it was changed, damaged, or belongs elsewhere. Ids only, as it is logged.
    Damaged {
        what: &'static str,
        id: String,
    },
    /// The object store is down; nothing was stored.
    StorageUnavailable(Cause),
    /// The key service is down; nothing was stored.
    KeysUnavailable(Cause),
    /// The key service does not let this server in.
    KeysDenied(Cause),
    /// Something else that we need is down or too busy.
    Unavailable(Cause),
    /// What the framework answered, known only by its status.
    Framework(StatusCode),
    /// The fault is ours.
    Internal(Cause),
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

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after }
            | Self::TooManySearches { retry_after }
            | Self::TooManyRequests { retry_after } => Some(retry_after.as_secs().max(1)),
            Self::StorageUnavailable(_)
            | Self::KeysUnavailable(_)
            | Self::AuditUnavailable(_)
            | Self::Unavailable(_)
            | Self::SsoUnavailable
            | Self::TooManyUploads
            | Self::TooManyExports
            | Self::TooManyChanges => Some(5),
            // Somebody has to do something first.
            Self::KeysDenied(_) => Some(60),
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
            Self::KeysDenied(cause) => {
                tracing::error!(request.id = %request_id, error = chain(cause.as_ref()), "the key service denies us");
            }
            Self::AuditUnavailable(cause) => {
                tracing::error!(request.id = %request_id, error = chain(cause.as_ref()), "what was done is not on record");
            }
            Self::Damaged { what, id } => {
                metrics::counter!("untxt_damaged_total", "what" => *what).increment(1);
                tracing::error!(
                    request.id = %request_id,
                    damaged.what = what,
                    damaged.id = id,
                    "what is stored does not open: it was changed, damaged, or belongs elsewhere"
                );
            }
            Self::StorageUnavailable(cause) | Self::KeysUnavailable(cause) | Self::Unavailable(cause) => {
                tracing::warn!(request.id = %request_id, error = chain(cause.as_ref()), "something we need is down");
            }
            _ => {}
        }
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

/// Gives the code of an answer that is an error.
pub(crate) fn code_of(response: &Response) -> &'static str {
    match response.extensions().get::<Arc<ApiError>>() {
        Some(error) => error.face().code,
        None => ApiError::Framework(response.status()).face().code,
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
    debug_assert_eq!(codes::status_of(face.code), Some(face.status.as_u16()), "{} is in no list", face.code);
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
    if let ApiError::RangeNotThere { bytes } = error {
        parts.headers.extend(HeaderValue::from_str(&format!("bytes */{bytes}")).map(|all| (CONTENT_RANGE, all)));
    }
    if let Some(seconds) = error.retry_after() {
        parts.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response::from_parts(parts, Body::from(body))
}
