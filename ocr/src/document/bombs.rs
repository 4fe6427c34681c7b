use hayro::hayro_syntax::{
    Pdf,
    object::{Object, Stream},
    page::Page,
};

use super::filters::{unpacked, unpacked_size, unpacks_past};
use crate::OcrError;

/// What one stream may become, in bytes: 160 megapixels in colour, and a little.
pub(super) const MAX_STREAM_BYTES: u64 = 512 << 20;
/// What all that a page draws may become, in bytes: the densest maps have a tenth of it.
const MAX_CONTENT_BYTES: u64 = 128 << 20;
/// A function of a colour space or a shading is a few hundred bytes.
const MAX_FUNCTION_BYTES: u64 = 1 << 20;
/// Its conditions inside conditions; the renderer's stack ends at some thousands.
const MAX_NESTING: usize = 64;

/// Refuses a PDF with a stream that would fill the memory or the stack: small, but coded so that it becomes half a
/// gigabyte and more, or a PostScript function nested without end.
///
/// # Errors
/// [`OcrError::TooComplex`].
pub(super) fn check_streams(pdf: &Pdf) -> Result<(), OcrError> {
    for object in pdf.objects() {
        if let Object::Stream(stream) = object
            && (unpacks_past(&stream, MAX_STREAM_BYTES) || is_nested_function(&stream))
        {
            return Err(OcrError::TooComplex);
        }
    }
    Ok(())
}

/// Refuses a page whose content, as often as it is named, would fill the memory.
///
/// # Errors
/// [`OcrError::TooComplex`].
pub(super) fn check_content(page: &Page<'_>) -> Result<(), OcrError> {
    let streams = match page.raw().get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => vec![stream],
        Some(Object::Array(streams)) => streams.iter::<Stream<'_>>().collect(),
        _ => return Ok(()),
    };
    let left = streams.iter().try_fold(MAX_CONTENT_BYTES, |left, stream| Some(left - unpacked_size(stream, left)?));
    left.map(drop).ok_or(OcrError::TooComplex)
}

/// Says whether a stream is a PostScript calculator function (ISO 32000-1, 7.10.5) of more depth than any has.
fn is_nested_function(stream: &Stream<'_>) -> bool {
    if stream.dict().get::<u32>("FunctionType") != Some(4) {
        return false;
    }
    let Some(program) = unpacked(stream, MAX_FUNCTION_BYTES) else { return true };
    let mut depth = 0_usize;
    program.iter().any(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })
}
