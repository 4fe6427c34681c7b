//! Logins, from the first access token to the logout. A refresh token is stored as a hash only.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{SessionId, UserId};

use crate::Result;

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// When it ends at the latest, whatever happens.
    pub expires_at: OffsetDateTime,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The new token is good from now on.
    Live(Session),
    /// The token was used before: somebody has a copy. The session is ended; commit it.
    Reused(SessionId),
    /// No live session has this token.
    Unknown,
}

/// Begins a session of the actor that lasts at most `absolute`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn create(
    _conn: &mut PgConnection,
    _id: SessionId,
    _user: UserId,
    _refresh_hash: &[u8; 32],
    _absolute: Duration,
) -> Result<Session> {
    unimplemented!()
}

/// Replaces a refresh token by the next one, if its session is live and was used within `idle`. It finds the session
/// by the token, whatever the actor, and makes the session's user the actor of the rest of the transaction.
///
/// The previous token stays good for 30 seconds, because the answer may have been lost and two tabs may ask at once.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn rotate(
    _conn: &mut PgConnection,
    _presented_hash: &[u8; 32],
    _next_hash: &[u8; 32],
    _idle: Duration,
) -> Result<Rotated> {
    unimplemented!()
}

/// Ends a session of the actor; ending it twice is fine. Listeners are told [`crate::events::Notified::SessionEnded`].
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn end(_conn: &mut PgConnection, _id: SessionId) -> Result<()> {
    unimplemented!()
}

/// Finds a session of the actor, if it has neither ended nor expired and was used within `idle`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_live(_conn: &mut PgConnection, _id: SessionId, _idle: Duration) -> Result<Option<Session>> {
    unimplemented!()
}

/// Says whether a session of the actor is live; see [`find_live`].
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_live(conn: &mut PgConnection, id: SessionId, idle: Duration) -> Result<bool> {
    Ok(find_live(conn, id, idle).await?.is_some())
}

/// Notes that a session of the actor is in use; writes at most once in 30 seconds, so it may be called often.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn touch(_conn: &mut PgConnection, _id: SessionId) -> Result<()> {
    unimplemented!()
}
