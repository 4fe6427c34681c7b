use std::{fmt, mem};

use bytes::Bytes;
use zeroize::Zeroizing;

use super::{
    part::Part,
    segments::{HEADER_LEN, SEGMENT_LEN, Segments, join},
};
use crate::crypto::{CryptoError, aead::SecretKey};

/// Opens a sealed file, or a part of one, piece by piece. Nothing is given before its segment is verified.
pub struct StreamOpener {
    state: State,
    /// Ciphertext of the header or of the segment that is being filled.
    pending: Zeroizing<Vec<u8>>,
    /// What is given of the plaintext; everything if none.
    part: Option<Part>,
}

enum State {
    Header {
        key: SecretKey,
        associated_data: Vec<u8>,
    },
    Body(Segments),
    /// Something did not open; nothing more is given.
    Broken,
}

impl fmt::Debug for StreamOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamOpener").finish_non_exhaustive()
    }
}

impl StreamOpener {
    /// Makes an opener of a whole file; without a key every use of it fails.
    pub(in crate::crypto) fn new(key: Result<SecretKey, CryptoError>, associated_data: Vec<u8>) -> Self {
        let state = key.map_or(State::Broken, |key| State::Header { key, associated_data });
        Self { state, pending: Zeroizing::default(), part: None }
    }

    /// Makes an opener of the segments that a part lies in.
    pub(super) fn of_part(segments: Segments, part: Part) -> Self {
        Self { state: State::Body(segments), pending: Zeroizing::default(), part: Some(part) }
    }

    /// Takes a piece of any length and gives the plaintext that is verified (maybe nothing).
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when a segment was changed, moved or belongs elsewhere.
    pub fn update(&mut self, ciphertext: &[u8]) -> Result<Bytes, CryptoError> {
        let mut ready = Vec::new();
        let mut rest = ciphertext;
        while !rest.is_empty() {
            let room = self.full_len()? - self.pending.len();
            if room == 0 {
                self.open_pending(false, &mut ready)?;
                continue;
            }
            // A short file has no second segment, and gets no megabyte; what a growing vector leaves behind is sealed.
            if self.pending.is_empty() && matches!(&self.state, State::Body(segments) if segments.number() > 0) {
                self.pending.reserve_exact(SEGMENT_LEN);
            }
            let (taken, left) = rest.split_at(room.min(rest.len()));
            self.pending.extend_from_slice(taken);
            rest = left;
        }
        Ok(join(ready))
    }

    /// Ends the file and gives the last plaintext.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the file was cut off.
    pub fn finish(mut self) -> Result<Bytes, CryptoError> {
        let mut ready = Vec::new();
        if matches!(self.state, State::Header { .. }) {
            self.open_pending(false, &mut ready)?;
        }
        self.open_pending(self.part.as_ref().is_none_or(Part::has_end), &mut ready)?;
        match self.part {
            Some(part) if !part.is_over() => Err(CryptoError::Corrupt),
            _ => Ok(join(ready)),
        }
    }

    fn full_len(&self) -> Result<usize, CryptoError> {
        match &self.state {
            State::Header { .. } => Ok(HEADER_LEN),
            State::Body(segments) => Ok(segments.full_len()),
            State::Broken => Err(CryptoError::Corrupt),
        }
    }

    /// Reads what is pending, a header or a segment. On an error the state stays broken.
    fn open_pending(&mut self, is_last: bool, ready: &mut Vec<Bytes>) -> Result<(), CryptoError> {
        self.state = match mem::replace(&mut self.state, State::Broken) {
            State::Header { key, associated_data } => {
                let header = self.pending.as_slice().try_into().map_err(|_| CryptoError::Corrupt)?;
                let segments = Segments::new(&key, &associated_data, header, 0)?;
                self.pending.clear();
                State::Body(segments)
            }
            State::Body(mut segments) => {
                let length = segments.open(&mut self.pending, is_last)?;
                // Given away as it is, so that no copy of the plaintext stays here.
                let mut opened = mem::take(&mut *self.pending);
                opened.truncate(length);
                let opened = Bytes::from(opened);
                ready.push(match &mut self.part {
                    Some(part) => part.cut(&opened),
                    None => opened,
                });
                State::Body(segments)
            }
            State::Broken => return Err(CryptoError::Corrupt),
        };
        Ok(())
    }
}
