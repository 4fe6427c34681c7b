use std::path::Path;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{CryptoError, Kms, KmsError};

/// A root key in a file that only this user can read (mode 0600).
#[derive(Debug)]
pub struct LocalKms {}

impl LocalKms {
    /// Reads the root key.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file is missing, malformed or readable by others.
    pub fn open(_path: &Path) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// Makes a new random root key in a new file, mode 0600; an existing file is left as it is.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file can't be written.
    pub fn create(_path: &Path) -> Result<(), CryptoError> {
        unimplemented!()
    }
}

#[async_trait]
impl Kms for LocalKms {
    fn key_id(&self) -> &str {
        unimplemented!()
    }

    async fn wrap(&self, _key: &[u8], _context: &[u8]) -> Result<Vec<u8>, KmsError> {
        unimplemented!()
    }

    async fn unwrap(&self, _wrapped: &[u8], _context: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        unimplemented!()
    }
}
