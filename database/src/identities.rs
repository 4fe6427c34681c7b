//! Logins of providers: whom a provider's name for somebody belongs to, and who is on the way to a provider. Names are stored as
//! hashes only. Who is on the way is remembered by a hash of what the browser keeps: once, and for ten minutes.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Role, UserId};
use uuid::Uuid;

use crate::{Error, Result, users::User};

/// An identity as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which.
    pub id: Uuid,
    /// The name of the provider in the settings.
    pub provider: String,
    /// Since when it lets its person in.
    pub created_at: OffsetDateTime,
    /// When it last did.
    pub last_used_at: Option<OffsetDateTime>,
}

/// Remembers a browser that is sent to a provider: for the actor, who ties an identity to themselves, or for nobody, who logs in.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin(conn: &mut PgConnection, browser_hash: &[u8; 32], provider: &str) -> Result<()> {
    sqlx::query!("select begin_pending_login($1, $2)", browser_hash, provider).execute(conn).await?;
    Ok(())
}

/// Forgets that browser, and says whether it was good: for this provider and this actor, and not for too long.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take(conn: &mut PgConnection, browser_hash: &[u8; 32], provider: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select take_pending_login($1, $2) as "is_good!""#, browser_hash, provider)
        .fetch_one(conn)
        .await?)
}

/// Finds whose identity this is, whatever the actor. `None`: nobody's, or of somebody who is let in no more.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, subject_hash: &[u8; 32]) -> Result<Option<UserId>> {
    let user = sqlx::query_scalar!("select find_identity($1)", subject_hash).fetch_one(conn).await?;
    Ok(user.map(Into::into))
}

/// Notes that an identity of the actor was used.
///
/// # Errors
/// [`crate::Error::NotFound`] when it is gone, or another's.
pub async fn note_use(conn: &mut PgConnection, subject_hash: &[u8; 32]) -> Result<()> {
    let changed = sqlx::query!(
        "update identities set last_used_at = clock_timestamp() where subject_hash = $1 and user_id = current_actor()",
        subject_hash,
    );
    if changed.execute(conn).await?.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("identity")) }
}

/// Ties an identity to the actor.
///
/// # Errors
/// [`crate::Error::Conflict`] with `identities_subject_hash_key` when it is somebody's.
pub async fn link(conn: &mut PgConnection, user: UserId, provider: &str, subject_hash: &[u8; 32]) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into identities (id, user_id, provider, subject_hash, last_used_at)
        values ($1, $2, $3, $4, clock_timestamp())",
        id,
        user.as_uuid(),
        provider,
        subject_hash,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// Lists the identities of the actor, oldest first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Identity>> {
    Ok(sqlx::query_as!(
        Identity,
        "select id, provider, created_at, last_used_at from identities where user_id = $1 order by id limit 100",
        user.as_uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Says whether the actor has a password of their own, and keeps that so until the end of the transaction: nobody gives up two
/// ways in at once.
///
/// # Errors
/// [`crate::Error::NotFound`] when the actor is another.
pub async fn lock_has_password(conn: &mut PgConnection, user: UserId) -> Result<bool> {
    sqlx::query_scalar!("select has_password from users where id = $1 for update", user.as_uuid())
        .fetch_optional(conn)
        .await?
        .ok_or(Error::NotFound("user"))
}

/// Unties an identity from the actor; `false`: there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn unlink(conn: &mut PgConnection, user: UserId, id: Uuid) -> Result<bool> {
    let deleted = sqlx::query!("delete from identities where id = $1 and user_id = $2", id, user.as_uuid());
    Ok(deleted.execute(conn).await?.rows_affected() == 1)
}

/// Adds a person who comes by a provider: they have no password, whatever the hash. The actor must be the new id itself.
///
/// # Errors
/// [`crate::Error::Conflict`] with `users_login_key` when the login is taken.
pub async fn create_user(conn: &mut PgConnection, id: UserId, login: &str, unknown_hash: &str) -> Result<User> {
    let row = sqlx::query!(
        "insert into users (id, login, password_hash, role, has_password)
        values ($1, lower($2), $3, $4, false)
        returning login, created_at",
        id.as_uuid(),
        login,
        unknown_hash,
        Role::User.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(User { id, login: row.login, role: Role::User, created_at: row.created_at })
}
