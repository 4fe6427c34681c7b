//! People who can log in. A person sees only itself.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::UserId;

use crate::Result;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Works with own documents.
    User,
    /// Also manages the installation.
    Admin,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The name to log in with, in lower case.
    pub login: String,
    /// What this person may do.
    pub role: Role,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// What a login is checked against.
#[derive(Clone)]
pub struct Credentials {
    /// Whose.
    pub user: User,
    /// The password's hash in PHC format.
    pub password_hash: String,
    /// How long this login is still locked after failed attempts.
    pub locked_for: Option<Duration>,
}

impl Role {
    /// Gives the spelling of the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user.id).finish_non_exhaustive()
    }
}

/// Adds a person. The actor must be the new id itself: `db.begin_as(id)`. The login is stored in lower case.
///
/// # Errors
/// [`crate::Error::Conflict`] with `users_login_key` when the login is taken.
pub async fn create(
    _conn: &mut PgConnection,
    _id: UserId,
    _login: &str,
    _password_hash: &str,
    _role: Role,
) -> Result<User> {
    unimplemented!()
}

/// Finds who logs in, whatever the actor: the one question that is asked before there is one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_by_login(_conn: &mut PgConnection, _login: &str) -> Result<Option<Credentials>> {
    unimplemented!()
}

/// Says whether there is any person at all, whatever the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_any(_conn: &mut PgConnection) -> Result<bool> {
    unimplemented!()
}

/// Finds the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(_conn: &mut PgConnection, _id: UserId) -> Result<Option<User>> {
    unimplemented!()
}

/// Counts a failed login of the actor, and gives how long the login is locked now: from the fifth failure on
/// 1, 2, 4, … seconds, at most 15 minutes.
///
/// # Errors
/// [`crate::Error::NotFound`] when the actor is another.
pub async fn record_failed_login(_conn: &mut PgConnection, _id: UserId) -> Result<Option<Duration>> {
    unimplemented!()
}

/// Forgets failed logins of the actor, after a good one.
///
/// # Errors
/// [`crate::Error::NotFound`] when the actor is another.
pub async fn reset_failed_logins(_conn: &mut PgConnection, _id: UserId) -> Result<()> {
    unimplemented!()
}

/// Replaces the actor's password hash and ends every session of it.
///
/// # Errors
/// [`crate::Error::NotFound`] when the actor is another.
pub async fn set_password(_conn: &mut PgConnection, _id: UserId, _password_hash: &str) -> Result<()> {
    unimplemented!()
}
