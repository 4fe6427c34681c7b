use hayro::hayro_syntax::{Pdf, object::Object};

use super::filters::unpacks_past;
use crate::OcrError;

/// What one stream may become, in bytes: 160 megapixels in colour, and a little.
pub(super) const MAX_STREAM_BYTES: u64 = 512 << 20;

/// Refuses a PDF with a stream that would fill the memory: small, but coded so that it becomes half a gigabyte and more.
///
/// # Errors
/// [`OcrError::TooComplex`].
pub(super) fn check_streams(pdf: &Pdf) -> Result<(), OcrError> {
    for object in pdf.objects() {
        if let Object::Stream(stream) = object
            && unpacks_past(&stream, MAX_STREAM_BYTES)
        {
            return Err(OcrError::TooComplex);
        }
    }
    Ok(())
}
