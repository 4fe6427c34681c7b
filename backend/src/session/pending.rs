//! The token between the two steps of a login: signed, good for five minutes, and only until the password changes. It opens
//! nothing but the second step.

use std::fmt;

use aws_lc_rs::hmac;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use untxt_core::domain::UserId;

const AUDIENCE: &str = "untxt-second-factor";
const LIFE: Duration = Duration::minutes(5);

pub(crate) struct PendingLogins {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    marks: hmac::Key,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    sub: UserId,
    exp: i64,
    /// Keyed hash of what stands in the users table: with another password it is another one.
    password: String,
}

impl PendingLogins {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.leeway = 0;
        let (encoding, decoding) = (EncodingKey::from_secret(key), DecodingKey::from_secret(key));
        Self { encoding, decoding, validation, marks: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// Signs that somebody showed the password with this hash, and gives until when that is good.
    pub(super) fn issue(
        &self,
        user: UserId,
        password_hash: &str,
        now: OffsetDateTime,
    ) -> Result<(String, OffsetDateTime), jsonwebtoken::errors::Error> {
        let until = now + LIFE;
        let password = hex::encode(hmac::sign(&self.marks, password_hash.as_bytes()));
        let claims = Claims { aud: AUDIENCE.to_owned(), sub: user, exp: until.unix_timestamp(), password };
        Ok((encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?, until))
    }

    /// Reads whose token this is, `None` if it is not ours, has been changed, or has run out.
    pub(super) fn read(&self, token: &str) -> Option<Pending> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        Some(Pending { user: claims.sub, password: hex::decode(claims.password).ok()? })
    }

    /// Says whether the password is still the one that was shown.
    pub(super) fn is_of(&self, pending: &Pending, password_hash: &str) -> bool {
        hmac::verify(&self.marks, password_hash.as_bytes(), &pending.password).is_ok()
    }
}

/// Somebody who has shown a password.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) user: UserId,
    password: Vec<u8>,
}

impl fmt::Debug for PendingLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingLogins(..)")
    }
}

#[cfg(test)]
mod tests {
    use untxt_core::clock;

    use super::*;

    #[test]
    fn a_token_is_good_for_five_minutes_and_one_password() {
        let (logins, user) = (PendingLogins::new(&[1; 32]), UserId::generate());
        let (token, _) = logins.issue(user, "hash", clock::now()).expect("a token");
        let pending = logins.read(&token).expect("ours");
        assert_eq!(pending.user, user);
        assert!(logins.is_of(&pending, "hash") && !logins.is_of(&pending, "another"));
        assert!(PendingLogins::new(&[2; 32]).read(&token).is_none());
        let (old, _) = logins.issue(user, "hash", clock::now() - LIFE - Duration::seconds(1)).expect("a token");
        assert!(logins.read(&old).is_none());
        let none = token.split('.').nth(1).expect("claims");
        assert!(logins.read(&format!("eyJhbGciOiJub25lIn0.{none}.")).is_none());
    }
}
