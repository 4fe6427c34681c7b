//! From what the OCR crate says to the closed lists of the domain.

use untxt_core::domain::{FailureCode, MediaType};
use untxt_ocr::OcrError;

/// Tells a document's fault from the engine's: `None` says that the child had better be replaced.
pub(super) fn failure_code(error: &OcrError) -> Option<FailureCode> {
    match error {
        OcrError::Encrypted => Some(FailureCode::Encrypted),
        OcrError::PasswordWrong => Some(FailureCode::PasswordWrong),
        OcrError::Signed => Some(FailureCode::Signed),
        OcrError::TooComplex => Some(FailureCode::TooComplex),
        OcrError::NoPages => Some(FailureCode::NoPages),
        OcrError::TooManyPages { .. } => Some(FailureCode::TooManyPages),
        OcrError::TooManyPixels { .. } => Some(FailureCode::TooManyPixels),
        // nobody asks for an archive here, and an empty file is refused before it is stored
        OcrError::Unreadable(_) | OcrError::NotArchivable | OcrError::Empty => Some(FailureCode::Unreadable),
        OcrError::LanguageMissing { .. } => Some(FailureCode::LanguageMissing),
        OcrError::Engine(_) => None,
    }
}

/// Reads the spelling of a media type, `None` if it is no picture of ours.
pub(super) fn media_type(text: &str) -> Option<MediaType> {
    text.parse().ok()
}
