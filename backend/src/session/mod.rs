//! Logins: passwords, the two tokens, and who is asking.
//!
//! It promises that a password is checked in bounded memory and in the same time whether the login exists or not,
//! that guessing is slowed down, that tokens live in `__Host-` cookies only, and that a logout ends access at once.
//! It refuses to know what a person does afterwards.

mod access_token;
mod actor;
mod begin;
mod checkers;
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
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{
    audit::LoginMark,
    config::{self, SecondFactorRule},
    domain::{Role, UserId},
};
use untxt_database::{sessions::Session, users::User};

pub(crate) use actor::{Actor, Via, presented};
pub(crate) use begin::{begin, replace, replace_with};
pub(crate) use device::device;
pub(crate) use enrol::needs_enrolled;
pub use link_secret::LinkSecret;
pub(crate) use login::{CodeWanted, FAILURE_FLOOR, can_exist, go_on, record_wrong_secret};
pub use password::{PasswordError, hash_password};
pub use password_rules::{WeakPassword, check_new_password};
pub(crate) use recovery_code::RecoveryCode;
pub(crate) use second_factor::{is_right_code, take_code};
pub(crate) use step_up::refuse_stale;
pub(crate) use totp::TotpSecret;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;
use access_token::AccessTokens;
use password::Passwords;
use pending::PendingLogins;
use refresh_token::RefreshTokens;
use throttle::Throttle;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login::login, show::show, logout::logout))
        .routes(routes!(refresh::refresh))
        .routes(routes!(second_factor::second_step))
        .routes(routes!(step_up::step_up))
        .routes(routes!(sessions::list, sessions::end_all))
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::end_others))
}

/// Everything that logins need.
#[derive(Debug)]
pub(crate) struct Logins {
    access: AccessTokens,
    refresh: RefreshTokens,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    marks: SecretSlice<u8>,
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
            marks: derive(b"untxt login marks").as_ref().to_vec().into(),
            idle: Duration::from_secs(u64::from(session.idle_minutes) * 60),
            absolute: Duration::from_secs(u64::from(session.absolute_hours) * 3600),
        })
    }
}

impl Logins {
    /// Marks a login that nobody has, for the record: a password typed into the wrong field must not stand there.
    pub(crate) fn mark(&self, login: &str) -> LoginMark {
        LoginMark::new(self.marks.expose_secret(), login)
    }
}

/// Says whether somebody can have this login: it is written down, said and typed.
#[must_use]
pub fn can_be_login(login: &str) -> bool {
    (1..=100).contains(&login.chars().count()) && !login.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// A session as its person sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionAnswer {
    user: UserAnswer,
    /// When the session ends at the latest.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Whether a second factor has to be set up before anything else.
    must_enrol: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
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
