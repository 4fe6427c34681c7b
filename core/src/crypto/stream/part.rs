use std::ops::Range;

use bytes::Bytes;

use super::{
    StreamOpener,
    segments::{HEADER_LEN, SEGMENT_LEN, Segments},
};
use crate::crypto::{
    CryptoError,
    aead::{SecretKey, TAG_LEN},
};

const SEGMENT: u64 = SEGMENT_LEN as u64;
const HEADER: u64 = HEADER_LEN as u64;
const TAG: u64 = TAG_LEN as u64;
/// Plaintext of a full segment, with the header counted as plaintext that stands before the file.
const CLEAR: u64 = SEGMENT - TAG;

/// What has to be known of a sealed file to open a part of it: its header and how long it is.
#[derive(Clone, Copy, Debug)]
pub struct SealedFile {
    header: [u8; HEADER_LEN],
    sealed_bytes: u64,
    clear_bytes: u64,
}

impl SealedFile {
    /// Where its header stands.
    pub const HEADER: Range<u64> = 0..HEADER;

    /// Takes the header of a file of `sealed_bytes` bytes. That this is its true length shows when its last segment is
    /// opened, and only then.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when no file is so long or the header is none.
    pub fn new(header: &[u8], sealed_bytes: u64) -> Result<Self, CryptoError> {
        let header = header.try_into().map_err(|_| CryptoError::Corrupt)?;
        let segments = sealed_bytes.div_ceil(SEGMENT);
        let last = sealed_bytes.checked_sub(segments.saturating_sub(1) * SEGMENT).ok_or(CryptoError::Corrupt)?;
        // Only a file without any bytes ends with an empty segment.
        let is_possible = last >= if segments <= 1 { HEADER + TAG } else { TAG + 1 };
        if !is_possible || u32::try_from(segments).is_err() {
            return Err(CryptoError::Corrupt);
        }
        Ok(Self { header, sealed_bytes, clear_bytes: sealed_bytes - HEADER - segments * TAG })
    }

    /// Gives how many bytes of plaintext a file of this length has.
    #[must_use]
    pub const fn clear_bytes(&self) -> u64 {
        self.clear_bytes
    }

    /// Gives which bytes of the plaintext stand in its last segment: what opens them proves how long the file is. `None`: it
    /// has no bytes.
    #[must_use]
    pub fn last_segment(&self) -> Option<Range<u64>> {
        let last = (HEADER + self.clear_bytes).checked_sub(1)? / CLEAR;
        let range = (last * CLEAR).saturating_sub(HEADER)..self.clear_bytes;
        (!range.is_empty()).then_some(range)
    }

    /// Gives where the sealed bytes of a range of the plaintext stand, and what opens them.
    pub(in crate::crypto) fn part_opener(
        &self,
        key: &SecretKey,
        associated_data: &[u8],
        range: &Range<u64>,
    ) -> Result<(Range<u64>, StreamOpener), CryptoError> {
        if range.is_empty() || range.end > self.clear_bytes {
            return Err(CryptoError::Corrupt);
        }
        let (first, last) = ((HEADER + range.start) / CLEAR, (HEADER + range.end - 1) / CLEAR);
        let sealed = (first * SEGMENT).max(HEADER)..((last + 1) * SEGMENT).min(self.sealed_bytes);
        let number = u32::try_from(first).map_err(|_| CryptoError::Corrupt)?;
        let begin = (first * CLEAR).saturating_sub(HEADER);
        let part =
            Part { skip: range.start - begin, left: range.end - range.start, has_end: sealed.end == self.sealed_bytes };
        Ok((sealed, StreamOpener::of_part(Segments::new(key, associated_data, &self.header, number)?, part)))
    }
}

/// What is given of the plaintext of the segments that are opened.
pub(super) struct Part {
    /// Bytes that come before it.
    skip: u64,
    /// Bytes of it that are still to come.
    left: u64,
    /// Whether its last segment is the last of the file.
    has_end: bool,
}

impl Part {
    pub(super) const fn has_end(&self) -> bool {
        self.has_end
    }

    pub(super) const fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Gives what belongs to the part of the next segment.
    pub(super) fn cut(&mut self, segment: &Bytes) -> Bytes {
        let length = segment.len() as u64;
        let start = self.skip.min(length);
        let end = length.min(start.saturating_add(self.left));
        self.skip -= start;
        self.left -= end - start;
        // Both are at most the length of the segment.
        match (usize::try_from(start), usize::try_from(end)) {
            (Ok(start), Ok(end)) => segment.slice(start..end),
            _ => Bytes::new(),
        }
    }
}
