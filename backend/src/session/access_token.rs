//! The access token: a signed statement of who is logged in, good for some minutes. It opens nothing alone: every
//! request also looks whether its session still lives.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use untxt_core::domain::{SessionId, UserId};

const ISSUER: &str = "untxt";
const AUDIENCE: &str = "untxt-backend";

/// Seconds by which the clocks of two backends may differ.
const LEEWAY_SECONDS: u64 = 5;

/// Who speaks, in which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
}

/// Maker and checker of access tokens, with one algorithm and one key.
pub(crate) struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    life: Duration,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

impl AccessTokens {
    pub(crate) fn new(key: &[u8], life: Duration) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.leeway = LEEWAY_SECONDS;
        let (encoding, decoding) = (EncodingKey::from_secret(key), DecodingKey::from_secret(key));
        Self { encoding, decoding, validation, life }
    }

    /// Signs a token that begins now.
    pub(crate) fn issue(&self, bearer: Bearer, now: OffsetDateTime) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: bearer.user,
            sid: bearer.session,
            iat: now.unix_timestamp(),
            exp: (now + self.life).unix_timestamp(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// Reads a token, `None` if it is not ours, has been changed, or has run out.
    pub(crate) fn read(&self, token: &str) -> Option<Bearer> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        Some(Bearer { user: claims.sub, session: claims.sid })
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").field("life", &self.life).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use untxt_core::clock;

    use super::*;

    const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

    fn bearer() -> Bearer {
        Bearer { user: UserId::generate(), session: SessionId::generate() }
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new(KEY, Duration::minutes(10))
    }

    #[test]
    fn a_token_says_who_speaks() {
        let bearer = bearer();
        let token = tokens().issue(bearer, clock::now()).expect("a token");
        assert_eq!(tokens().read(&token), Some(bearer));
        assert_eq!(AccessTokens::new(&[7; 32], Duration::minutes(10)).read(&token), None);
    }

    #[test]
    fn a_token_runs_out() {
        let old = clock::now() - Duration::minutes(10) - Duration::seconds(7);
        assert_eq!(tokens().read(&tokens().issue(bearer(), old).expect("a token")), None);
        let almost = clock::now() - Duration::minutes(9);
        assert!(tokens().read(&tokens().issue(bearer(), almost).expect("a token")).is_some());
    }

    #[test]
    fn no_other_algorithm_issuer_or_audience_is_taken() {
        let now = clock::now().unix_timestamp();
        let good = serde_json::json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": now + 60, "iat": now,
            "sub": UserId::generate(), "sid": SessionId::generate() });
        let sign = |algorithm, claims: &serde_json::Value| {
            encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(KEY)).expect("a token")
        };
        assert!(tokens().read(&sign(Algorithm::HS256, &good)).is_some());
        assert_eq!(tokens().read(&sign(Algorithm::HS512, &good)), None);
        for (claim, value) in [("iss", "other"), ("aud", "other"), ("sid", "other"), ("exp", "never")] {
            let mut bad = good.clone();
            bad[claim] = value.into();
            assert_eq!(tokens().read(&sign(Algorithm::HS256, &bad)), None, "{claim}");
        }
        for missing in ["iss", "aud", "exp", "sub", "sid"] {
            let mut bad = good.clone();
            bad.as_object_mut().expect("an object").remove(missing);
            assert_eq!(tokens().read(&sign(Algorithm::HS256, &bad)), None, "{missing}");
        }
        // {"alg":"none"} with the same claims and no signature.
        let token = sign(Algorithm::HS256, &good);
        let claims = token.split('.').nth(1).expect("claims");
        assert_eq!(tokens().read(&format!("eyJhbGciOiJub25lIn0.{claims}.")), None);
    }
}
