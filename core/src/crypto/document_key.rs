use std::{ops::Range, sync::OnceLock};

use zeroize::Zeroizing;

use super::{Context, CryptoError, Purpose, SealedFile, StreamOpener, StreamSealer, aead::SecretKey};
use crate::sabotage::{Protection, is_off};

/// A document key as it is stored: wrapped by a version of the owner key. Deleting it shreds the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDocumentKey {
    /// Version of the owner key that wrapped it.
    pub owner_key_version: u32,
    /// The wrapped 32-byte key.
    pub wrapped: Vec<u8>,
}

/// A document's key, in clear, in memory only; every use goes through a sub-key for one purpose.
#[derive(Debug)]
pub struct DocumentKey {
    key: SecretKey,
    /// Written into the prefix of what this key seals; values written before a re-wrap carry an older one.
    owner_key_version: u32,
    /// Keys of small values, by purpose, once one was needed: to derive one costs more than to seal a KiB.
    value_keys: [OnceLock<SecretKey>; Purpose::COUNT],
}

impl DocumentKey {
    pub(super) const fn new(key: SecretKey, owner_key_version: u32) -> Self {
        Self { key, owner_key_version, value_keys: [const { OnceLock::new() }; Purpose::COUNT] }
    }

    pub(super) const fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Seals a small value for one place.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails or the value is over 2^36 bytes.
    pub(super) fn seal(
        &self,
        purpose: Purpose,
        context: &Context<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        if is_off(Protection::Sealing) {
            return Ok(plaintext.to_vec());
        }
        self.value_key(purpose)?.seal(self.owner_key_version, &context.associated_data(purpose), plaintext)
    }

    /// Opens what [`Self::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub(super) fn open(
        &self,
        purpose: Purpose,
        context: &Context<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        if is_off(Protection::Sealing) {
            return Ok(Zeroizing::new(sealed.to_vec()));
        }
        self.value_key(purpose)?.open(&context.associated_data(purpose), sealed)
    }

    /// Begins to seal a file.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub(super) fn stream_sealer(&self, purpose: Purpose, context: &Context<'_>) -> Result<StreamSealer, CryptoError> {
        StreamSealer::new(&self.sub_key(purpose, "file")?, &context.associated_data(purpose))
    }

    /// Begins to open a file that [`Self::stream_sealer`] sealed for the same place.
    pub(super) fn stream_opener(&self, purpose: Purpose, context: &Context<'_>) -> StreamOpener {
        StreamOpener::new(self.sub_key(purpose, "file"), context.associated_data(purpose))
    }

    /// Begins to open a part of such a file: gives where its sealed bytes stand, and what opens them.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the range is empty or reaches beyond the end.
    pub(super) fn part_opener(
        &self,
        purpose: Purpose,
        context: &Context<'_>,
        file: &SealedFile,
        range: &Range<u64>,
    ) -> Result<(Range<u64>, StreamOpener), CryptoError> {
        file.part_opener(&self.sub_key(purpose, "file")?, &context.associated_data(purpose), range)
    }

    fn value_key(&self, purpose: Purpose) -> Result<&SecretKey, CryptoError> {
        let kept = &self.value_keys[purpose as usize];
        if let Some(key) = kept.get() {
            return Ok(key);
        }
        let key = self.sub_key(purpose, "value")?;
        Ok(kept.get_or_init(|| key))
    }

    /// Derives the key for one purpose; files and small values never share one.
    fn sub_key(&self, purpose: Purpose, form: &str) -> Result<SecretKey, CryptoError> {
        self.key.derive(&[], format!("untxt document/{form}/{}", purpose.label()).as_bytes())
    }
}
