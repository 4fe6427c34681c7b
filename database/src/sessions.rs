//! Logins, from the first access token to the logout. A refresh token is stored as a hash only.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Role, SessionId, UserId};

use crate::{Result, row::Row};

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
    conn: &mut PgConnection,
    id: SessionId,
    user: UserId,
    refresh_hash: &[u8; 32],
    absolute: Duration,
) -> Result<Session> {
    let expires_at = sqlx::query_scalar!(
        "insert into sessions (id, user_id, refresh_hash, expires_at)
        values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
        returning expires_at",
        id.as_uuid(),
        user.as_uuid(),
        refresh_hash,
        absolute.as_secs_f64(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Session { id, user, expires_at })
}

/// Replaces a refresh token by the next one, if its session is live and was used within `idle`. It finds the session
/// by the token, whatever the actor, and makes the session's user the actor of the rest of the transaction.
///
/// The previous token stays good for 30 seconds, because the answer may have been lost and two tabs may ask at once.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn rotate(
    conn: &mut PgConnection,
    presented_hash: &[u8; 32],
    next_hash: &[u8; 32],
    idle: Duration,
) -> Result<Rotated> {
    let Some((id, user)) = find_by_refresh_hash(conn, presented_hash).await? else { return Ok(Rotated::Unknown) };
    sqlx::query_scalar!("select set_config('untxt.actor', $1, true)", user.as_uuid().to_string())
        .fetch_one(&mut *conn)
        .await?;
    // Two tabs with one token wait for each other here; the second one then finds its token in the second column.
    let row = sqlx::query!(
        r#"select
            refresh_hash = $2 as "is_current!",
            rotated_at > clock_timestamp() - interval '30 seconds' as "is_fresh!",
            ended_at is null
                and expires_at > clock_timestamp()
                and last_used_at > clock_timestamp() - make_interval(secs => $3) as "is_live!"
        from sessions
        where id = $1 and (refresh_hash = $2 or previous_refresh_hash = $2)
        for update"#,
        id.as_uuid(),
        presented_hash,
        idle.as_secs_f64(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match row {
        Some(row) if row.is_live && (row.is_current || row.is_fresh) => {
            let expires_at = replace_refresh_hash(conn, id, next_hash).await?;
            Ok(Rotated::Live(Session { id, user, expires_at }))
        }
        Some(row) if row.is_live => {
            end(conn, id).await?;
            Ok(Rotated::Reused(id))
        }
        _ => Ok(Rotated::Unknown),
    }
}

/// Ends a session of the actor; ending it twice is fine. Listeners are told [`crate::events::Notified::SessionEnded`].
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn end(conn: &mut PgConnection, id: SessionId) -> Result<()> {
    sqlx::query!("update sessions set ended_at = clock_timestamp() where id = $1 and ended_at is null", id.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// Finds a session of the actor, if it has neither ended nor expired and was used within `idle`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_live(conn: &mut PgConnection, id: SessionId, idle: Duration) -> Result<Option<Session>> {
    let row = sqlx::query!(
        "select
            user_id,
            expires_at
        from sessions
        where
            id = $1
            and ended_at is null
            and expires_at > clock_timestamp()
            and last_used_at > clock_timestamp() - make_interval(secs => $2)",
        id.as_uuid(),
        idle.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Session { id, user: row.user_id.into(), expires_at: row.expires_at }))
}

/// Says whether a session of the actor is live; see [`find_live`].
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_live(conn: &mut PgConnection, id: SessionId, idle: Duration) -> Result<bool> {
    Ok(find_live(conn, id, idle).await?.is_some())
}

/// Makes a person the actor of this transaction and gives their role, if the session is theirs and is live (see
/// [`find_live`]), and notes that it is in use. Otherwise the transaction is nobody's. All of it is one round trip.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn enter(conn: &mut PgConnection, user: UserId, id: SessionId, idle: Duration) -> Result<Option<Role>> {
    let role =
        sqlx::query_scalar!("select enter_session($1, $2, $3)", user.as_uuid(), id.as_uuid(), idle.as_secs_f64(),)
            .fetch_one(conn)
            .await?;
    Row { table: "users", id: &user }.word_if_any("role", role.as_deref())
}

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub id: SessionId,
    /// Browser and system, if they are known.
    pub device: Option<String>,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it was last used, to half a minute.
    pub last_used_at: OffsetDateTime,
}

/// Lists the actor's sessions that live, the one that was used last first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, user: UserId, idle: Duration) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        "select
            id,
            device,
            created_at,
            last_used_at
        from sessions
        where
            user_id = $1
            and ended_at is null
            and expires_at > clock_timestamp()
            and last_used_at > clock_timestamp() - make_interval(secs => $2)
        order by last_used_at desc, id desc
        limit 1000",
        user.as_uuid(),
        idle.as_secs_f64(),
    )
    .fetch_all(conn)
    .await?)
}

/// Notes on which device a session of the actor is.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn set_device(conn: &mut PgConnection, id: SessionId, device: Option<&str>) -> Result<()> {
    sqlx::query!("update sessions set device = $2 where id = $1", id.as_uuid(), device).execute(conn).await?;
    Ok(())
}

/// Ends a session of the actor and begins another one in its place, on the same device and with the same end, for a person who
/// has just proved who they are. `None`: it has ended by now.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replace(
    conn: &mut PgConnection,
    old: SessionId,
    new: SessionId,
    refresh_hash: &[u8; 32],
) -> Result<Option<Session>> {
    let row = sqlx::query!(
        "with ended as (
            update sessions
            set ended_at = clock_timestamp()
            where id = $1 and ended_at is null and expires_at > clock_timestamp()
            returning user_id, device, expires_at
        )
        insert into sessions (id, user_id, refresh_hash, expires_at, device)
        select $2, user_id, $3, expires_at, device from ended
        returning user_id, expires_at",
        old.as_uuid(),
        new.as_uuid(),
        refresh_hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Session { id: new, user: row.user_id.into(), expires_at: row.expires_at }))
}

/// Ends all sessions of the actor, but for one if that is named, and gives which they were.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn end_all(conn: &mut PgConnection, user: UserId, but: Option<SessionId>) -> Result<Vec<SessionId>> {
    let ended = sqlx::query_scalar!(
        "update sessions
        set ended_at = clock_timestamp()
        where user_id = $1 and ended_at is null and expires_at > clock_timestamp() and id is distinct from $2
        returning id",
        user.as_uuid(),
        but.map(SessionId::as_uuid),
    )
    .fetch_all(conn)
    .await?;
    Ok(ended.into_iter().map(Into::into).collect())
}

/// Says whether the person of this session of the actor proved who they are within `age`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_verified(conn: &mut PgConnection, id: SessionId, age: Duration) -> Result<bool> {
    let is_verified = sqlx::query_scalar!(
        r#"select verified_at > clock_timestamp() - make_interval(secs => $2) as "is_verified!"
        from sessions
        where id = $1"#,
        id.as_uuid(),
        age.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(is_verified.unwrap_or(false))
}

async fn find_by_refresh_hash(conn: &mut PgConnection, hash: &[u8; 32]) -> Result<Option<(SessionId, UserId)>> {
    let row = sqlx::query!(
        r#"select session_id as "session!", user_id as "user!" from find_session_by_refresh_hash($1)"#,
        hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.session.into(), row.user.into())))
}

async fn replace_refresh_hash(conn: &mut PgConnection, id: SessionId, next: &[u8; 32]) -> Result<OffsetDateTime> {
    Ok(sqlx::query_scalar!(
        "update sessions
        set
            previous_refresh_hash = refresh_hash,
            refresh_hash = $2,
            rotated_at = clock_timestamp(),
            last_used_at = clock_timestamp()
        where id = $1
        returning expires_at",
        id.as_uuid(),
        next,
    )
    .fetch_one(conn)
    .await?)
}
