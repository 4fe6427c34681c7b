use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use bytes::Bytes;

use crate::{
    crypto::{
        CryptoError,
        aead::{SecretKey, TAG_LEN},
    },
    sabotage::{Protection, is_off},
};

/// Bytes of a full segment in the sealed file, its tag and, in the first, the header included.
pub(super) const SEGMENT_LEN: usize = 1 << 20;
const SALT_LEN: usize = 32;
const NONCE_PREFIX_LEN: usize = 7;
/// Bytes of the header.
pub(super) const HEADER_LEN: usize = 1 + SALT_LEN + NONCE_PREFIX_LEN;
/// First byte of the header: its own length.
pub(super) const HEADER_MARK: u8 = 40;

// NIST SP 800-38D, 5.2.1.1: one call of GCM takes at most 2^39 - 256 bits. A file has a key of its own, and its nonces
// are counted, so no two are equal (8.2.1); the counter ends the file after 2^32 segments, that is 4 PiB.
const _: () = assert!((SEGMENT_LEN as u64) < (1 << 36) - 32);
const _: () = assert!(HEADER_LEN == HEADER_MARK as usize && NONCE_PREFIX_LEN + size_of::<u32>() + 1 == NONCE_LEN);

/// The key of one file and the position in it.
pub(super) struct Segments {
    cipher: LessSafeKey,
    nonce_prefix: [u8; NONCE_PREFIX_LEN],
    number: u32,
}

impl Segments {
    /// Begins at a segment, counted from 0.
    pub(super) fn new(
        key: &SecretKey,
        associated_data: &[u8],
        header: &[u8; HEADER_LEN],
        number: u32,
    ) -> Result<Self, CryptoError> {
        if header[0] != HEADER_MARK {
            return Err(CryptoError::Corrupt);
        }
        let (salt, prefix) = header[1..].split_at(SALT_LEN);
        let mut nonce_prefix = [0; NONCE_PREFIX_LEN];
        nonce_prefix.copy_from_slice(prefix);
        Ok(Self { cipher: key.derive(salt, associated_data)?.cipher()?, nonce_prefix, number })
    }

    /// Gives the number of the segment that comes next.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// Gives how many ciphertext bytes, tag included, a full segment has at this position.
    pub(super) const fn full_len(&self) -> usize {
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

    /// Seals a segment in place and gives its tag.
    pub(super) fn seal(&mut self, segment: &mut [u8], is_last: bool) -> Result<[u8; TAG_LEN], CryptoError> {
        if is_off(Protection::Sealing) {
            self.advance(is_last)?;
            return Ok([0; TAG_LEN]);
        }
        let nonce = self.nonce(is_last);
        let tag =
            self.cipher.seal_in_place_separate_tag(nonce, Aad::empty(), segment).map_err(|_| CryptoError::Corrupt)?;
        self.advance(is_last)?;
        tag.as_ref().try_into().map_err(|_| CryptoError::Corrupt)
    }

    /// Opens a segment in place and gives how long its plaintext is; it stands at the beginning.
    pub(super) fn open(&mut self, segment: &mut [u8], is_last: bool) -> Result<usize, CryptoError> {
        if is_off(Protection::Sealing) {
            self.advance(is_last)?;
            return segment.len().checked_sub(TAG_LEN).ok_or(CryptoError::Corrupt);
        }
        let nonce = self.nonce(is_last);
        let opened = self.cipher.open_in_place(nonce, Aad::empty(), segment).map_err(|_| CryptoError::Corrupt)?.len();
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

/// Joins what is ready; a single segment, the usual case, is not copied.
pub(super) fn join(mut ready: Vec<Bytes>) -> Bytes {
    match ready.len() {
        0 => Bytes::new(),
        1 => ready.swap_remove(0),
        _ => ready.concat().into(),
    }
}
