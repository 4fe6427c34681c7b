use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};

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

/// What RFC 7677 §4 asks for at least, and what Postgres uses itself. Our passwords are random, so more buys nothing.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// Makes the form in which Postgres stores a password: `SCRAM-SHA-256$iterations:salt$stored key:server key`
/// (RFC 5802 §3). From it nobody can log in.
pub(super) fn verifier(password: &SecretString) -> Result<String, ScramError> {
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| ScramError::NoRandomness)?;
    verifier_with(password, &salt)
}

fn verifier_with(password: &SecretString, salt: &[u8]) -> Result<String, ScramError> {
    let password = password.expose_secret();
    if password.is_empty() || !password.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(ScramError::NotAscii);
    }
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt, password.as_bytes(), &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client_key = hmac::sign(&key, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let server_key = hmac::sign(&key, b"Server Key");
    Ok(format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored_key),
        STANDARD.encode(server_key)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Salt and password of RFC 7677 §3; the stored key there follows from its proof, and Postgres agrees.
    #[test]
    fn verifier_is_the_one_of_the_standard() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let verifier = verifier_with(&SecretString::from("pencil"), &salt).expect("a verifier");
        assert_eq!(
            verifier,
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
             wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn only_printable_ascii_has_a_verifier() {
        for password in ["", "pässword", "a\nb"] {
            assert_eq!(verifier(&SecretString::from(password)), Err(ScramError::NotAscii));
        }
    }
}
