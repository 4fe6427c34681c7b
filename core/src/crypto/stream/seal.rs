use std::{fmt, mem};

use aws_lc_rs::rand;
use bytes::Bytes;
use zeroize::Zeroizing;

use super::segments::{HEADER_LEN, HEADER_MARK, SEGMENT_LEN, Segments, join};
use crate::crypto::{
    CryptoError,
    aead::{SecretKey, TAG_LEN},
};

/// Seals a file piece by piece, with at most one segment (1 MiB) in memory besides what it gives.
pub struct StreamSealer {
    segments: Segments,
    /// The header, if it was not given yet, and the plaintext of the segment that is being filled. It is sealed only
    /// when more follows or the file ends, since the last segment is marked; then it is given away as it is.
    pending: Zeroizing<Vec<u8>>,
    is_broken: bool,
}

impl fmt::Debug for StreamSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSealer").field("segment", &self.segments.number()).finish_non_exhaustive()
    }
}

impl StreamSealer {
    pub(in crate::crypto) fn new(key: &SecretKey, associated_data: &[u8]) -> Result<Self, CryptoError> {
        let mut header = [HEADER_MARK; HEADER_LEN];
        rand::fill(&mut header[1..]).map_err(|_| CryptoError::Corrupt)?;
        let mut pending = Zeroizing::new(empty_segment());
        pending.extend_from_slice(&header);
        Ok(Self { segments: Segments::new(key, associated_data, &header, 0)?, pending, is_broken: false })
    }

    /// Takes a piece of any length and gives the ciphertext that is ready (maybe nothing); what is given first begins
    /// with the header.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the file exceeds what one key may seal.
    pub fn update(&mut self, plaintext: &[u8]) -> Result<Bytes, CryptoError> {
        let mut ready = Vec::new();
        let mut rest = plaintext;
        while !rest.is_empty() {
            let room = SEGMENT_LEN - TAG_LEN - self.pending.len();
            if room == 0 {
                ready.push(self.seal_pending(false)?);
                continue;
            }
            if self.pending.capacity() == 0 {
                *self.pending = empty_segment();
            }
            let (taken, left) = rest.split_at(room.min(rest.len()));
            self.pending.extend_from_slice(taken);
            rest = left;
        }
        Ok(join(ready))
    }

    /// Ends the file and gives the last ciphertext, which marks the end.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub fn finish(mut self) -> Result<Bytes, CryptoError> {
        self.seal_pending(true)
    }

    fn seal_pending(&mut self, is_last: bool) -> Result<Bytes, CryptoError> {
        if mem::replace(&mut self.is_broken, true) {
            return Err(CryptoError::Corrupt);
        }
        let header_len = SEGMENT_LEN - self.segments.full_len();
        let tag = self.segments.seal(&mut self.pending[header_len..], is_last)?;
        self.is_broken = false;
        let mut sealed = mem::take(&mut *self.pending);
        sealed.extend_from_slice(&tag);
        Ok(sealed.into())
    }
}

/// Has room for a whole segment from the start: growing would leave copies of plaintext behind.
fn empty_segment() -> Vec<u8> {
    Vec::with_capacity(SEGMENT_LEN)
}
