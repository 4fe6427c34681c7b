//! Logins: passwords, the two tokens, and who is asking.
//!
//! It promises that a password is checked in bounded memory and in the same time whether the login exists or not,
//! that guessing is slowed down, that tokens live in `__Host-` cookies only, and that a logout ends access at once.
//! It refuses to know what a person does afterwards.

mod access_token;
mod actor;
mod begin;
mod cookies;
mod device;
mod enrol;
mod link_secret;
mod login;
mod logout;
mod password;
mod password_rules;
mod pending;
mod recovery_code;
mod refresh;
mod refresh_token;
mod second_factor;
mod sessions;
mod show;
mod step_up;
mod throttle;
mod totp;

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use axum::{
    Router,
    routing::{delete, get, post},
};
use secrecy::ExposeSecret;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{
    config::{self, SecondFactorRule},
    domain::{Role, UserId},
};
use untxt_database::{sessions::Session, users::User};

pub(crate) use actor::Actor;
pub(crate) use begin::{begin, replace, replace_with};
pub(crate) use device::device;
pub(crate) use enrol::refuse_unenrolled;
pub use link_secret::LinkSecret;
pub(crate) use login::record_wrong_secret;
pub use password::{PasswordError, hash_password};
pub use password_rules::{WeakPassword, check_new_password};
pub(crate) use recovery_code::RecoveryCode;
pub(crate) use second_factor::{is_right_code, take_code};
pub(crate) use step_up::refuse_stale;
pub(crate) use totp::TotpSecret;

use crate::App;
use access_token::AccessTokens;
use password::Passwords;
use pending::PendingLogins;
use refresh_token::RefreshTokens;
use throttle::Throttle;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/session", post(login::login).get(show::show).delete(logout::logout))
        .route("/api/v1/session/refresh", post(refresh::refresh))
        .route("/api/v1/session/second-factor", post(second_factor::second_step))
        .route("/api/v1/session/step-up", post(step_up::step_up))
        .route("/api/v1/sessions", get(sessions::list).delete(sessions::end_all))
        .route("/api/v1/sessions/{session}", delete(sessions::end))
        .route("/api/v1/sessions/end-others", post(sessions::end_others))
}

/// Everything that logins need.
#[derive(Debug)]
pub(crate) struct Logins {
    access: AccessTokens,
    refresh: RefreshTokens,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pending: PendingLogins,
    pub(crate) second_factor: SecondFactorRule,
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
            pending: PendingLogins::new(derive(b"untxt pending login").as_ref()),
            second_factor: session.second_factor,
            throttle: Throttle::new(derive(b"untxt failed logins").as_ref()),
            idle: Duration::from_secs(u64::from(session.idle_minutes) * 60),
            absolute: Duration::from_secs(u64::from(session.absolute_hours) * 3600),
        })
    }
}

/// Says whether somebody can have this login: it is written down, said and typed.
#[must_use]
pub fn can_be_login(login: &str) -> bool {
    (1..=100).contains(&login.chars().count()) && !login.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// A session as its person sees it.
#[derive(Debug, Serialize)]
struct SessionAnswer {
    user: UserAnswer,
    /// When the session ends at the latest.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Whether a second factor has to be set up before anything else.
    must_enrol: bool,
}

#[derive(Debug, Serialize)]
struct UserAnswer {
    id: UserId,
    login: String,
    role: Role,
}

impl SessionAnswer {
    fn new(user: User, session: &Session, must_enrol: bool) -> Self {
        let user = UserAnswer { id: user.id, login: user.login, role: user.role };
        Self { user, expires_at: session.expires_at, must_enrol }
    }
}
