//! Files in Tink's streaming format `AES256_GCM_HKDF_1MB`.
//!
//! `header | segment 0 | segment 1 | …`; header = `length (40) | salt (32) | nonce prefix (7)`; the key of the file is
//! HKDF-SHA-256(key, salt, info = associated data); a segment is 1 MiB of ciphertext with its tag (the first is
//! shorter by the header), nonce = `prefix | segment number (u32, big endian) | 1 for the last, else 0`.

use std::{fmt, mem};

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce},
    rand,
};
use bytes::Bytes;
use zeroize::Zeroizing;

use super::{
    CryptoError,
    aead::{SecretKey, TAG_LEN},
};

const SEGMENT_LEN: usize = 1 << 20;
const SALT_LEN: usize = 32;
const NONCE_PREFIX_LEN: usize = 7;
const HEADER_LEN: usize = 1 + SALT_LEN + NONCE_PREFIX_LEN;
/// First byte of the header: its own length.
const HEADER_MARK: u8 = 40;

/// The key of one file and the position in it.
struct Segments {
    cipher: LessSafeKey,
    nonce_prefix: [u8; NONCE_PREFIX_LEN],
    number: u32,
}

impl Segments {
    fn new(key: &SecretKey, associated_data: &[u8], header: &[u8; HEADER_LEN]) -> Result<Self, CryptoError> {
        let (salt, prefix) = header[1..].split_at(SALT_LEN);
        let mut nonce_prefix = [0; NONCE_PREFIX_LEN];
        nonce_prefix.copy_from_slice(prefix);
        Ok(Self { cipher: key.derive(salt, associated_data)?.cipher()?, nonce_prefix, number: 0 })
    }

    /// Gives how many ciphertext bytes, tag included, a full segment has at this position.
    const fn full_len(&self) -> usize {
        if self.number == 0 { SEGMENT_LEN - HEADER_LEN } else { SEGMENT_LEN }
    }

    fn nonce(&self, is_last: bool) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        let (prefix, rest) = nonce.split_at_mut(NONCE_PREFIX_LEN);
        prefix.copy_from_slice(&self.nonce_prefix);
        rest[..4].copy_from_slice(&self.number.to_be_bytes());
        rest[4] = u8::from(is_last);
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, segment: &mut Vec<u8>, is_last: bool) -> Result<(), CryptoError> {
        let nonce = self.nonce(is_last);
        self.cipher.seal_in_place_append_tag(nonce, Aad::empty(), segment).map_err(|_| CryptoError::Corrupt)?;
        self.advance(is_last)
    }

    fn open<'a>(&mut self, segment: &'a mut [u8], is_last: bool) -> Result<&'a [u8], CryptoError> {
        let nonce = self.nonce(is_last);
        let opened = self.cipher.open_in_place(nonce, Aad::empty(), segment).map_err(|_| CryptoError::Corrupt)?;
        self.advance(is_last)?;
        Ok(opened)
    }

    /// Goes on to the next segment; there are at most 2^32, so that no nonce is used twice.
    fn advance(&mut self, is_last: bool) -> Result<(), CryptoError> {
        if !is_last {
            self.number = self.number.checked_add(1).ok_or(CryptoError::Corrupt)?;
        }
        Ok(())
    }
}

/// Seals a file piece by piece, with at most one segment (1 MiB) in memory.
pub struct StreamSealer {
    segments: Segments,
    /// The header, until it is given with the first answer.
    ready: Vec<u8>,
    /// Plaintext of the segment that is being filled. It is sealed only when more follows or the file ends, since
    /// the last segment is marked.
    pending: Zeroizing<Vec<u8>>,
    is_broken: bool,
}

impl fmt::Debug for StreamSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSealer").field("segment", &self.segments.number).finish_non_exhaustive()
    }
}

impl StreamSealer {
    pub(super) fn new(key: &SecretKey, associated_data: &[u8]) -> Result<Self, CryptoError> {
        let mut header = [HEADER_MARK; HEADER_LEN];
        rand::fill(&mut header[1..]).map_err(|_| CryptoError::Corrupt)?;
        Ok(Self {
            segments: Segments::new(key, associated_data, &header)?,
            ready: header.to_vec(),
            // Room for a whole segment from the start: growing would leave copies of plaintext behind.
            pending: Zeroizing::new(Vec::with_capacity(SEGMENT_LEN)),
            is_broken: false,
        })
    }

    /// Takes a piece of any length and gives the ciphertext that is ready (maybe nothing). The first answer begins
    /// with the header.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the file exceeds what one key may seal.
    pub fn update(&mut self, plaintext: &[u8]) -> Result<Bytes, CryptoError> {
        let mut ready = mem::take(&mut self.ready);
        let mut rest = plaintext;
        while !rest.is_empty() {
            let room = self.segments.full_len() - TAG_LEN - self.pending.len();
            if room == 0 {
                self.seal_pending(false, &mut ready)?;
                continue;
            }
            let (taken, left) = rest.split_at(room.min(rest.len()));
            self.pending.extend_from_slice(taken);
            rest = left;
        }
        Ok(ready.into())
    }

    /// Ends the file and gives the last ciphertext, which marks the end.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub fn finish(mut self) -> Result<Bytes, CryptoError> {
        let mut ready = mem::take(&mut self.ready);
        self.seal_pending(true, &mut ready)?;
        Ok(ready.into())
    }

    fn seal_pending(&mut self, is_last: bool, ready: &mut Vec<u8>) -> Result<(), CryptoError> {
        if self.is_broken {
            return Err(CryptoError::Corrupt);
        }
        let sealed = self.segments.seal(&mut self.pending, is_last);
        self.is_broken = sealed.is_err();
        sealed?;
        ready.extend_from_slice(&self.pending);
        self.pending.clear();
        Ok(())
    }
}

/// Opens a sealed file piece by piece. Nothing is given before its segment is verified.
pub struct StreamOpener {
    state: State,
    /// Ciphertext of the header or of the segment that is being filled.
    pending: Zeroizing<Vec<u8>>,
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
    /// Makes an opener; without a key every use of it fails.
    pub(super) fn new(key: Result<SecretKey, CryptoError>, associated_data: Vec<u8>) -> Self {
        let state = key.map_or(State::Broken, |key| State::Header { key, associated_data });
        Self { state, pending: Zeroizing::new(Vec::with_capacity(SEGMENT_LEN)) }
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
            let (taken, left) = rest.split_at(room.min(rest.len()));
            self.pending.extend_from_slice(taken);
            rest = left;
        }
        Ok(ready.into())
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
        self.open_pending(true, &mut ready)?;
        Ok(ready.into())
    }

    fn full_len(&self) -> Result<usize, CryptoError> {
        match &self.state {
            State::Header { .. } => Ok(HEADER_LEN),
            State::Body(segments) => Ok(segments.full_len()),
            State::Broken => Err(CryptoError::Corrupt),
        }
    }

    /// Reads what is pending, a header or a segment. On an error the state stays broken.
    fn open_pending(&mut self, is_last: bool, ready: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.state = match mem::replace(&mut self.state, State::Broken) {
            State::Header { key, associated_data } => {
                let header = self.pending.as_slice().try_into().map_err(|_| CryptoError::Corrupt)?;
                if self.pending.first() != Some(&HEADER_MARK) {
                    return Err(CryptoError::Corrupt);
                }
                State::Body(Segments::new(&key, &associated_data, header)?)
            }
            State::Body(mut segments) => {
                ready.extend_from_slice(segments.open(&mut self.pending, is_last)?);
                State::Body(segments)
            }
            State::Broken => return Err(CryptoError::Corrupt),
        };
        // What was plaintext here is overwritten by the next segment, and wiped when this is dropped.
        self.pending.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plaintext lengths of the first and of every other full segment.
    const FIRST: usize = SEGMENT_LEN - HEADER_LEN - TAG_LEN;
    const OTHER: usize = SEGMENT_LEN - TAG_LEN;

    fn a_key() -> SecretKey {
        SecretKey::from_bytes(&[7; 32]).expect("key")
    }

    fn a_text(length: usize) -> Vec<u8> {
        (0..length).map(|i| u8::try_from(i % 251).expect("byte")).collect()
    }

    fn seal(text: &[u8], piece: usize) -> Vec<u8> {
        let mut sealer = StreamSealer::new(&a_key(), b"place").expect("sealer");
        let mut sealed = Vec::new();
        for part in text.chunks(piece) {
            sealed.extend_from_slice(&sealer.update(part).expect("sealed"));
        }
        sealed.extend_from_slice(&sealer.finish().expect("sealed"));
        sealed
    }

    fn open(place: &[u8], sealed: &[u8], piece: usize) -> Result<Vec<u8>, CryptoError> {
        let mut opener = StreamOpener::new(Ok(a_key()), place.to_vec());
        let mut text = Vec::new();
        for part in sealed.chunks(piece) {
            text.extend_from_slice(&opener.update(part)?);
        }
        text.extend_from_slice(&opener.finish()?);
        Ok(text)
    }

    #[test]
    fn every_length_around_a_segment_comes_back() {
        for length in [0, 1, 100, FIRST - 1, FIRST, FIRST + 1, FIRST + OTHER, FIRST + OTHER + 1] {
            let text = a_text(length);
            let sealed = seal(&text, 300_007);
            let segments = 1 + length.saturating_sub(FIRST).div_ceil(OTHER);
            assert_eq!(sealed.len(), HEADER_LEN + length + segments * TAG_LEN, "{length}");
            assert!(open(b"place", &sealed, 70_001).expect("opened") == text, "{length}");
            assert!(open(b"place", &sealed, usize::MAX).expect("opened") == text, "{length}");
        }
    }

    #[test]
    fn pieces_of_one_byte_do_as_well() {
        let text = a_text(1000);
        assert_eq!(open(b"place", &seal(&text, 1), 1).expect("opened"), text);
    }

    #[test]
    fn every_bit_of_a_small_file_matters() {
        let sealed = seal(b"secret", 6);
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(b"place", &changed, 7).is_err(), "bit {bit}");
        }
        assert!(open(b"elsewhere", &sealed, 7).is_err());
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let sealed = seal(&a_text(FIRST + OTHER + 5), 1 << 20);
        let cuts = [0, 1, HEADER_LEN - 1, HEADER_LEN, HEADER_LEN + TAG_LEN, SEGMENT_LEN - 1, SEGMENT_LEN]
            .into_iter()
            .chain([SEGMENT_LEN + 1, 2 * SEGMENT_LEN, 2 * SEGMENT_LEN + TAG_LEN, sealed.len() - 1]);
        for cut in cuts {
            assert!(open(b"place", &sealed[..cut], 500_000).is_err(), "cut at {cut}");
        }
        assert!(open(b"place", &[sealed.as_slice(), b"x"].concat(), 500_000).is_err(), "longer");
    }

    #[test]
    fn segments_stay_in_their_order() {
        let sealed = seal(&a_text(FIRST + 2 * OTHER + 5), 1 << 20);
        let (first, second, third) =
            (&sealed[..SEGMENT_LEN], &sealed[SEGMENT_LEN..2 * SEGMENT_LEN], &sealed[2 * SEGMENT_LEN..3 * SEGMENT_LEN]);
        let last = &sealed[3 * SEGMENT_LEN..];
        for wrong in [
            [first, third, second, last].concat(),
            [first, second, last].concat(),
            [first, second, second, third, last].concat(),
            [first, second, third, last, last].concat(),
        ] {
            assert!(open(b"place", &wrong, 1 << 20).is_err());
        }
    }

    #[test]
    fn nothing_comes_after_a_failure() {
        let mut sealed = seal(&a_text(FIRST + OTHER), 1 << 20);
        sealed[100] ^= 1;
        let mut opener = StreamOpener::new(Ok(a_key()), b"place".to_vec());
        assert!(opener.update(&sealed).is_err());
        assert!(opener.update(&sealed).is_err());
        assert!(opener.finish().is_err());
    }

    #[test]
    fn two_files_share_no_key() {
        assert_ne!(seal(b"same", 4)[..HEADER_LEN], seal(b"same", 4)[..HEADER_LEN]);
    }
}
