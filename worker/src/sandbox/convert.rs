//! Between the words of the OCR crate, which knows nothing of ours, and those of the domain.

use untxt_core::domain::{FailureCode, MediaType, PageContent, Word};
use untxt_ocr::{OcrError, PageText};

/// Tells a document's fault from the engine's: `None` says that the child had better be replaced.
pub(super) fn failure_code(error: &OcrError) -> Option<FailureCode> {
    match error {
        OcrError::Encrypted => Some(FailureCode::Encrypted),
        OcrError::NoPages => Some(FailureCode::NoPages),
        OcrError::TooManyPages { .. } => Some(FailureCode::TooManyPages),
        OcrError::TooManyPixels { .. } => Some(FailureCode::TooManyPixels),
        OcrError::Unreadable(_) => Some(FailureCode::Unreadable),
        OcrError::LanguageMissing { .. } => Some(FailureCode::LanguageMissing),
        OcrError::Engine(_) => None,
    }
}

pub(super) fn page_content(page: PageText) -> PageContent {
    let word =
        |untxt_ocr::Word { text, confidence, bounds, line, block }| Word { text, confidence, bounds, line, block };
    PageContent {
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        rotation_applied: page.rotation_applied,
        mean_confidence: page.mean_confidence,
        words: page.words.into_iter().map(word).collect(),
        text: page.text,
        engine: page.engine,
    }
}

pub(super) fn page_text(page: PageContent) -> PageText {
    let word =
        |Word { text, confidence, bounds, line, block }| untxt_ocr::Word { text, confidence, bounds, line, block };
    PageText {
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        rotation_applied: page.rotation_applied,
        mean_confidence: page.mean_confidence,
        words: page.words.into_iter().map(word).collect(),
        text: page.text,
        engine: page.engine,
    }
}

/// Reads the spelling of a media type, `None` if it is no picture of ours.
pub(super) fn media_type(text: &str) -> Option<MediaType> {
    text.parse().ok()
}
