use async_trait::async_trait;
use zeroize::Zeroizing;

/// Why the key management service gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// The service does not answer; nothing is wrong with the data.
    #[error("the key service does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service refuses: wrong key, wrong context or changed bytes.
    #[error("the key service refuses to unwrap this key")]
    Refused,
}

/// Who holds the root key. It wraps and unwraps 32-byte keys and never gives the root key away.
#[async_trait]
pub trait Kms: Send + Sync + std::fmt::Debug {
    /// Gives the id of the root key that wraps new keys; stored beside what it wrapped.
    fn key_id(&self) -> &str;

    /// Wraps a key, bound to `context`.
    async fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, KmsError>;

    /// Unwraps a key that [`Self::wrap`] wrapped with the same context.
    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError>;
}
