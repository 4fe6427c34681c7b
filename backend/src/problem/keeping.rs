//! Errors of the trash, of holds, and of what is left of shredded documents.

use super::{ApiError, face::Row};

impl ApiError {
    pub(super) const fn of_keeping(&self) -> Option<Row> {
        Some(match self {
            Self::InTrash => (
                409,
                "in_trash",
                "the document is in the trash",
                "take it out of the trash first, or delete it for good",
            ),
            Self::Held => (
                409,
                "held",
                "a legal hold keeps the document",
                "it can be put into the trash; whoever administrates UNTXT knows when the hold ends",
            ),
            Self::HoldNotFound => {
                (404, "hold_not_found", "there is no such hold", "reload the list of holds: it may have been lifted")
            }
            Self::InvalidHold => (
                422,
                "invalid_hold",
                "this can't be held",
                "name one of document, user and team, and a case number of 1 to 64 letters, digits, spaces and ._/-",
            ),
            Self::NotInTrash => {
                (409, "not_in_trash", "the document is not in the trash", "there is nothing to take back")
            }
            Self::ReceiptNotFound => (
                404,
                "receipt_not_found",
                "no document of yours with this id was shredded",
                "check the id; a document in the trash is not shredded yet",
            ),
            _ => return None,
        })
    }
}
