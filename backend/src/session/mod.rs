//! Logins: passwords, the two tokens, and who is asking.
//!
//! It promises that a password is checked in bounded memory and in the same time whether the login exists or not,
//! that guessing is slowed down, that tokens live in `__Host-` cookies only, and that a logout ends access at once.
//! It refuses to know what a person does afterwards.

mod access_token;
mod actor;
mod cookies;
mod login;
mod logout;
mod password;
mod refresh;
mod refresh_token;
mod show;
mod throttle;

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use axum::{Router, routing::post};
use secrecy::ExposeSecret;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{
    config,
    domain::{Role, UserId},
};
use untxt_database::{sessions::Session, users::User};

pub(crate) use actor::Actor;
pub use password::{PasswordError, hash_password};

use crate::App;
use access_token::AccessTokens;
use password::Passwords;
use refresh_token::RefreshTokens;
use throttle::Throttle;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/session", post(login::login).get(show::show).delete(logout::logout))
        .route("/api/v1/session/refresh", post(refresh::refresh))
}

/// Everything that logins need.
#[derive(Debug)]
pub(crate) struct Logins {
    access: AccessTokens,
    refresh: RefreshTokens,
    passwords: Passwords,
    throttle: Throttle,
    pub(crate) idle: Duration,
    absolute: Duration,
}

impl Logins {
    pub(crate) fn new(session: &config::Session) -> Result<Self, PasswordError> {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, session.signing_key.expose_secret().as_bytes());
        let derive = |purpose: &[u8]| hmac::sign(&secret, purpose);
        let life = time::Duration::minutes(session.access_minutes.into());
        Ok(Self {
            access: AccessTokens::new(derive(b"untxt access token").as_ref(), life),
            refresh: RefreshTokens::new(derive(b"untxt refresh token").as_ref()),
            passwords: Passwords::new()?,
            throttle: Throttle::default(),
            idle: Duration::from_secs(u64::from(session.idle_minutes) * 60),
            absolute: Duration::from_secs(u64::from(session.absolute_hours) * 3600),
        })
    }
}

/// A session as its person sees it.
#[derive(Debug, Serialize)]
struct SessionAnswer {
    user: UserAnswer,
    /// When the session ends at the latest.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

#[derive(Debug, Serialize)]
struct UserAnswer {
    id: UserId,
    login: String,
    role: Role,
}

impl SessionAnswer {
    fn new(user: User, session: &Session) -> Self {
        let user = UserAnswer { id: user.id, login: user.login, role: user.role };
        Self { user, expires_at: session.expires_at }
    }
}
