use std::{fmt, num::NonZeroUsize, sync::Arc, thread::available_parallelism, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use unicode_normalization::UnicodeNormalization;

use super::checkers::Checkers;
use crate::problem::ApiError;

/// Memory of one check; with the two numbers below what OWASP's password storage sheet asks of argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// At most so many checks at once, whatever the number of cores: 4 × 19 MiB.
const MAX_CHECKS: usize = 4;

/// How long a login waits for its turn.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// Longer passwords are wrong without being hashed.
pub(super) const MAX_PASSWORD_BYTES: usize = 1024;

/// Why a password can't be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// There is no randomness.
    #[error("the password can't be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    /// The system has no threads left.
    #[error("passwords can't be checked: {0}")]
    Threads(#[from] std::io::Error),
}

/// Hashes a new password with argon2id, for the users table: in the form NFKC, so that it is the same from every keyboard.
///
/// # Errors
/// When there is no randomness.
pub fn hash_password(password: &SecretString) -> Result<String, PasswordError> {
    let bytes = normalise(password);
    let hash: PasswordHash = hasher()?.hash_password(bytes.expose_secret().as_bytes()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Gives the form NFKC of a password (RFC 8265 §4.2 asks for less, NIST SP 800-63B §5.1.1.2 for this).
pub(super) fn normalise(password: &SecretString) -> SecretString {
    password.expose_secret().nfkc().collect::<String>().into()
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| PasswordError::Hash(error.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks and hashes passwords, a few at a time, off the runtime's threads.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    checkers: Checkers,
    /// Hash of nothing anybody knows, checked when the login does not exist, so that the answer takes as long.
    decoy: String,
}

impl Passwords {
    pub(super) fn new() -> Result<Self, PasswordError> {
        let nobody_knows = SecretString::from(uuid::Uuid::new_v4().to_string());
        let checks = available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_CHECKS);
        Ok(Self {
            turns: Arc::new(Semaphore::new(checks)),
            checkers: Checkers::start(checks)?,
            decoy: hash_password(&nobody_knows)?,
        })
    }

    /// Says whether the password belongs to the hash; without a hash it takes as long and says no.
    pub(crate) async fn check(&self, password: SecretString, hash: Option<&str>) -> Result<bool, ApiError> {
        let is_known = hash.is_some() && password.expose_secret().len() <= MAX_PASSWORD_BYTES;
        let hash = hash.filter(|_| is_known).unwrap_or(&self.decoy).to_owned();
        let turn = self.turn().await?;
        let checking = self.checkers.run(move || {
            let is_right = is_right(&password, &hash);
            drop(turn);
            is_right
        });
        Ok(checking.await.ok_or_else(panicked)?.map_err(ApiError::internal)? && is_known)
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, ApiError> {
        let turn = self.turn().await?;
        let hashing = self.checkers.run(move || {
            let hash = hash_password(&password);
            drop(turn);
            hash
        });
        hashing.await.ok_or_else(panicked)?.map_err(ApiError::internal)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = timeout(TURN_LIMIT, turn).await.map_err(|elapsed| ApiError::Unavailable(elapsed.into()))?;
        turn.map_err(ApiError::internal)
    }
}

fn panicked() -> ApiError {
    ApiError::internal("the check of a password panicked")
}

fn is_right(password: &SecretString, hash: &str) -> Result<bool, argon2::password_hash::phc::Error> {
    let hash = PasswordHash::new(hash)?;
    // The parameters are the hash's own.
    let matches = |text: &SecretString| {
        let bytes = text.expose_secret().as_bytes();
        let bytes = &bytes[..bytes.len().min(MAX_PASSWORD_BYTES)];
        Argon2::default().verify_password(bytes, &hash).is_ok()
    };
    let normal = normalise(password);
    // As it was typed only where that is another text: earlier versions hashed that.
    Ok(matches(&normal) || (normal.expose_secret() != password.expose_secret() && matches(password)))
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("turns", &self.turns.available_permits()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_login_is_right() {
        let passwords = Passwords::new().expect("passwords");
        let secret = |text: &str| SecretString::from(text.to_owned());
        let hash = passwords.hash(secret("correct horse")).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.check(secret("correct horse"), Some(&hash)).await.expect("checked"));
        for (password, hash) in [("battery staple", Some(hash.as_str())), ("", Some(&hash)), ("correct horse", None)] {
            assert!(!passwords.check(secret(password), hash).await.expect("checked"));
        }
        assert!(!passwords.check(secret(&"x".repeat(4096)), Some(&hash)).await.expect("checked"));
    }

    #[tokio::test]
    async fn a_password_is_the_same_from_every_keyboard_and_earlier_ones_stay_good() {
        let passwords = Passwords::new().expect("passwords");
        let secret = |text: &str| SecretString::from(text.to_owned());
        let hash = passwords.hash(secret("Gr\u{fc}\u{df}e \u{2460}")).await.expect("a hash");
        for same in ["Gr\u{fc}\u{df}e \u{2460}", "Gru\u{308}\u{df}e 1"] {
            assert!(passwords.check(secret(same), Some(&hash)).await.expect("checked"), "{same}");
        }
        let raw: PasswordHash = hasher().expect("fine").hash_password("u\u{308}ber".as_bytes()).expect("a hash");
        assert!(passwords.check(secret("u\u{308}ber"), Some(&raw.to_string())).await.expect("checked"));
    }
}
