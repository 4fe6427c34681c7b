//! What each error looks like from outside: the whole list that clients can meet.

use std::borrow::Cow;

use http::StatusCode;
use untxt_core::domain::MediaType;

use super::ApiError;

/// Status, stable code, what happened, and what to do about it.
pub(super) struct Face {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) detail: Cow<'static, str>,
}

impl ApiError {
    pub(super) fn face(&self) -> Face {
        let (status, code, title, detail) = match self {
            Self::BadRequest(detail) => (400, "bad_request", "the request is malformed", (*detail).into()),
            Self::TooManyAttempts { retry_after } => {
                let detail = format!("wait {} seconds and try again", retry_after.as_secs().max(1));
                (429, "too_many_attempts", "too many attempts", detail.into())
            }
            Self::TooManySearches { retry_after } => {
                let detail = format!("wait {} seconds and search again", retry_after.as_secs().max(1));
                (429, "too_many_searches", "too many searches", detail.into())
            }
            Self::WeakPassword(weak) => (422, "weak_password", "the password can't be used", weak.to_string().into()),
            Self::TooManyRequests { retry_after } => {
                let detail = format!("wait {} seconds and try again", retry_after.as_secs().max(1));
                (429, "too_many_requests", "too many requests", detail.into())
            }
            Self::Unsearchable(error) => (422, "unsearchable", "this can't be searched for", error.to_string().into()),
            Self::FileTooLarge { max_bytes } => {
                let detail = format!("this server takes files up to {max_bytes} bytes; split the document");
                (413, "file_too_large", "the file is too large", detail.into())
            }
            Self::RangeNotThere { bytes } => {
                let detail = format!("the file has {bytes} bytes; ask for a part of them");
                (416, "range_not_there", "the file has no such part", detail.into())
            }
            Self::TooManyReadings { max } => {
                let detail = format!(
                    "this server keeps {max} readings of a document; upload the file again to have it read anew"
                );
                (409, "too_many_readings", "the document has been read too often", detail.into())
            }
            Self::Retained { until } => {
                let until = until.map(|until| format!(" until {}", until.date())).unwrap_or_default();
                let detail = format!("the rule of its folder keeps it{until}; change that rule first");
                (409, "retained", "the document has to be kept", detail.into())
            }
            Self::PageQuotaUsed { limit, until } => {
                let detail = format!(
                    "{limit} pages a month may be read; there are more from {}, or ask an administrator",
                    until.date()
                );
                (409, "page_quota_used", "no more pages are read this month", detail.into())
            }
            Self::StorageQuotaUsed { limit, left } => {
                let detail = format!(
                    "{left} of {limit} bytes are left; delete documents for good, or ask an administrator for more room"
                );
                (409, "storage_quota_used", "there is no room for this file", detail.into())
            }
            Self::UnsupportedType { allowed } => {
                (415, "unsupported_type", "this kind of file can't be read", one_of(allowed).into())
            }
            Self::LanguageMissing { code } => {
                let package = code.replace('_', "-");
                let detail =
                    format!("ask the administrator to install tesseract-ocr-{package}, or choose one of GET /limits");
                (422, "language_missing", "a language is not installed", detail.into())
            }
            Self::PageFailed(failure) => (422, "page_failed", failure.sentence, failure.advice.into()),
            Self::Framework(status) => return Face::of_status(*status),
            Self::Internal(_) => return Face::of_status(StatusCode::INTERNAL_SERVER_ERROR),
            other => {
                let face = other
                    .of_accounts()
                    .or_else(|| other.of_sso())
                    .or_else(|| other.of_access())
                    .or_else(|| other.of_filing())
                    .or_else(|| other.of_keeping())
                    .or_else(|| other.of_rights());
                let (status, code, title, detail) = face.unwrap_or_else(|| other.of_documents());
                (status, code, title, Cow::Borrowed(detail))
            }
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Face { status, code, title, detail }
    }

    /// Errors of who asks, and how.
    const fn of_access(&self) -> Option<Row> {
        Some(match self {
            Self::Quarantined => (
                403,
                "quarantined",
                "the file is in quarantine",
                "the virus scanner found malware in it: delete it here, and ask for a clean copy where it came from",
            ),
            Self::NotAllowed => {
                (403, "not_allowed", "your role does not have this", "ask an administrator of this server to do it")
            }
            Self::ScopeMissing => (
                403,
                "scope_missing",
                "the token is not good for this",
                "use a token with the scope that the API's description names, or log in",
            ),
            Self::AuditUnavailable(_) => (
                503,
                "audit_unavailable",
                "what is done here can't be put on record now",
                "look whether it was done before you try again in a few seconds",
            ),
            Self::WrongOrigin => (
                403,
                "wrong_origin",
                "the request comes from another site",
                "use the pages that this server serves, under its public address",
            ),
            Self::AddressTooLong => {
                (414, "address_too_long", "the address is too long", "shorten the address and its query")
            }
            Self::TooManySockets => {
                (429, "too_many_sockets", "too many live connections", "close other windows and try again")
            }
            Self::TooManyUploads => {
                (429, "too_many_uploads", "too many uploads at once", "wait until some have ended and try again")
            }
            Self::TooManyExports => {
                (429, "too_many_exports", "an export of yours runs already", "wait until it has ended and try again")
            }
            Self::TooManyChanges => (
                429,
                "too_many_changes",
                "too many changes at once",
                "wait until the others of yours have ended and try again",
            ),
            Self::NoFrontend => (
                503,
                "no_frontend",
                "this build has no pages, only the API",
                "run `npm run build` in frontend/ and build the server again",
            ),
            Self::KeysUnavailable(_) => (
                503,
                "key_service_unavailable",
                "the key service does not answer",
                "nothing was changed; try again in a few seconds",
            ),
            Self::KeysDenied(_) => (
                503,
                "key_service_denied",
                "the key service does not let this server in",
                "nothing was changed; ask the administrator to look at the server's credentials for its key service",
            ),
            Self::Unavailable(_) => {
                (503, "unavailable", "the server is busy", "nothing was changed; try again in a few seconds")
            }
            _ => return None,
        })
    }

    /// Errors of folders and tags.
    const fn of_filing(&self) -> Option<Row> {
        Some(match self {
            Self::FolderNotFound => (
                404,
                "folder_not_found",
                "there is no such folder",
                "reload the list of folders: it may have been deleted",
            ),
            Self::TagNotFound => {
                (404, "tag_not_found", "there is no such tag", "reload the list of tags: it may have been deleted")
            }
            Self::NameTaken => (
                409,
                "name_taken",
                "another one has this name",
                "choose another name, or rename the other one; upper and lower case make no difference",
            ),
            Self::FolderInItself => {
                (409, "folder_in_itself", "a folder can't be in itself", "choose a folder that is not in this one")
            }
            Self::InvalidName => (
                422,
                "invalid_name",
                "this can't be a name",
                "send 1 to 255 characters without line breaks or invisible marks",
            ),
            Self::InvalidColour => (422, "invalid_colour", "this is no colour", "send it as #rrggbb"),
            Self::InvalidRetention => (
                422,
                "invalid_retention",
                "this can't be a rule",
                "both are from 1 to 36500 days or null, and delete_days is not less than keep_days",
            ),
            Self::TooManyFolders => {
                (409, "too_many_folders", "there are too many folders", "delete one of them: 1,000 are the limit")
            }
            Self::TooManyTags => {
                (409, "too_many_tags", "there are too many tags", "delete one of them: 1,000 are the limit")
            }
            Self::TooDeep => (
                422,
                "too_deep",
                "the folder would lie too deep",
                "put it further up: ten folders in each other are the limit",
            ),
            _ => return None,
        })
    }

    /// Errors of documents, and of sending them.
    const fn of_documents(&self) -> Row {
        match self {
            Self::DocumentNotFound => (
                404,
                "document_not_found",
                "there is no such document",
                "reload the list: the document may have been deleted",
            ),
            Self::TaskNotFound => {
                (404, "task_not_found", "there is no such task", "reload the list: it may have been deleted")
            }
            Self::PageNotFound => {
                (404, "page_not_found", "the document has no such page", "ask for the list of its pages")
            }
            Self::PageNotReady => {
                (409, "page_not_ready", "the page has not been read yet", "wait for its page.done event")
            }
            Self::PageCancelled => {
                (409, "page_cancelled", "the page was not read: it was stopped before", "have it read again")
            }
            Self::NotReady => (409, "not_ready", "the document is still being read", "wait until its task has ended"),
            Self::StillReading => (
                409,
                "still_reading",
                "the document is being read",
                "wait until its task has ended, or stop it, and try again",
            ),
            Self::NothingUnread => {
                (409, "nothing_unread", "nothing is left to be read", "name the pages to read again, or \"all\"")
            }
            Self::ResultNotFound => (
                404,
                "result_not_found",
                "the page has no such result",
                "choose one that the list of pages names: its task, or the task of the other result",
            ),
            Self::NoSearchablePdf => (
                404,
                "no_searchable_pdf",
                "there is no searchable PDF of this document",
                "none of its pages could be read, or it was stopped; look at the reasons and have it read again",
            ),
            Self::FormatUnknown => {
                (404, "format_unknown", "there is no such format", "choose one of the formats of GET /limits")
            }
            Self::EmptyFile => (400, "empty_file", "the file is empty", "choose a file with content"),
            Self::FileMissing => (
                400,
                "file_missing",
                "no file was sent",
                "send multipart/form-data with the file in a field named \"file\"",
            ),
            Self::UploadBroken => (400, "upload_broken", "the upload broke off or is malformed", "send the file again"),
            Self::UploadStalled => {
                (408, "upload_stalled", "the upload stopped moving", "check the connection and send the file again")
            }
            Self::BadIdempotencyKey => (
                400,
                "bad_idempotency_key",
                "the Idempotency-Key can't be used",
                "send 1 to 255 visible ASCII characters",
            ),
            Self::IdempotencyKeyReused => (
                409,
                "idempotency_key_reused",
                "this Idempotency-Key belongs to another request",
                "make a new key for every new file and every new wish",
            ),
            Self::Damaged { .. } => (
                500,
                "damaged",
                "what is stored of this does not open",
                "it was changed or damaged where it is kept; tell your administrator this request_id, who has backups",
            ),
            Self::StorageUnavailable(_) => (
                503,
                "storage_unavailable",
                "the document store does not answer",
                "nothing was changed; try again in a few seconds",
            ),
            _ => (404, "not_found", "nothing is at this address", "check the address for a typing error"),
        }
    }
}

pub(super) type Row = (u16, &'static str, &'static str, &'static str);

impl Face {
    pub(super) fn of_status(status: StatusCode) -> Self {
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

fn one_of(allowed: &[MediaType]) -> String {
    let short = |kind: &MediaType| kind.as_str().rsplit('/').next().unwrap_or_default().to_uppercase();
    let names: Vec<_> = allowed.iter().map(short).collect();
    format!("send one of {}; the content counts, not the name", names.join(", "))
}
