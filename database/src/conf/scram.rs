/// Why a password has no verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// Other characters would need normalisation (RFC 4013) on both sides.
    #[error("a database password may only have printable ASCII characters, and must not be empty")]
    NotAscii,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}
