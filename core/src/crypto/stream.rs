use bytes::Bytes;

use super::CryptoError;

/// Seals a file piece by piece, with at most one segment (1 MiB) in memory.
#[derive(Debug)]
pub struct StreamSealer {}

impl StreamSealer {
    /// Takes a piece of any length and gives the ciphertext that is ready (maybe nothing). The first answer begins
    /// with the header.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the file exceeds what one key may seal.
    pub fn update(&mut self, _plaintext: &[u8]) -> Result<Bytes, CryptoError> {
        unimplemented!()
    }

    /// Ends the file and gives the last ciphertext, which marks the end.
    ///
    /// # Errors
    /// As [`Self::update`].
    pub fn finish(self) -> Result<Bytes, CryptoError> {
        unimplemented!()
    }
}

/// Opens a sealed file piece by piece. Nothing is given before its segment is verified.
#[derive(Debug)]
pub struct StreamOpener {}

impl StreamOpener {
    /// Takes a piece of any length and gives the plaintext that is verified (maybe nothing).
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when a segment was changed, moved or belongs elsewhere.
    pub fn update(&mut self, _ciphertext: &[u8]) -> Result<Bytes, CryptoError> {
        unimplemented!()
    }

    /// Ends the file and gives the last plaintext.
    ///
    /// # Errors
    /// [`CryptoError::Corrupt`] when the file was cut off.
    pub fn finish(self) -> Result<Bytes, CryptoError> {
        unimplemented!()
    }
}
