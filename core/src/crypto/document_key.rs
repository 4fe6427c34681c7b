use zeroize::Zeroizing;

use super::{Context, CryptoError, Purpose, StreamOpener, StreamSealer};

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
pub struct DocumentKey {}

impl DocumentKey {
    /// Seals a small value for one place.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails or the value is over 2^36 bytes.
    pub fn seal(&self, _purpose: Purpose, _context: &Context<'_>, _plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        unimplemented!()
    }

    /// Opens what [`Self::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`].
    pub fn open(
        &self,
        _purpose: Purpose,
        _context: &Context<'_>,
        _sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        unimplemented!()
    }

    /// Begins to seal a file.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the random source fails.
    pub fn stream_sealer(&self, _purpose: Purpose, _context: &Context<'_>) -> Result<StreamSealer, CryptoError> {
        unimplemented!()
    }

    /// Begins to open a file that [`Self::stream_sealer`] sealed for the same place.
    #[must_use]
    pub fn stream_opener(&self, _purpose: Purpose, _context: &Context<'_>) -> StreamOpener {
        unimplemented!()
    }
}
