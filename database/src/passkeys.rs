//! Passkeys: whom one lets in, and the challenges that are under way. A challenge is stored as a hash, good once, and for five
//! minutes.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::UserId;
use uuid::Uuid;

use crate::{Error, Result};

/// A passkey as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Which.
    pub id: Uuid,
    /// What its person calls it.
    pub name: String,
    /// Since when it lets its person in.
    pub created_at: OffsetDateTime,
    /// When it last did.
    pub last_used_at: Option<OffsetDateTime>,
}

/// A passkey to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// What its person calls it: 1 to 100 characters.
    pub name: &'a str,
    /// As the device made it: 16 to 1023 bytes.
    pub credential_id: &'a [u8],
    /// The public key, as `webauthn_rp` writes it.
    pub static_state: &'a [u8],
    /// The counter, as `webauthn_rp` writes it.
    pub dynamic_state: [u8; 7],
    /// Bits of how the device can be reached.
    pub transports: u8,
}

/// What an answer is checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Which.
    pub id: Uuid,
    /// The public key, as `webauthn_rp` writes it.
    pub static_state: Vec<u8>,
    /// The counter, as `webauthn_rp` writes it.
    pub dynamic_state: Vec<u8>,
}

/// Remembers a challenge and what its answer is held to: for the actor, who adds a passkey, or for nobody, who shows one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin(conn: &mut PgConnection, challenge_hash: &[u8; 32], state: &[u8]) -> Result<()> {
    sqlx::query!("select begin_passkey_challenge($1, $2)", challenge_hash, state).execute(conn).await?;
    Ok(())
}

/// Forgets that challenge, and gives what its answer is held to; `None`: it is none of this actor's, used up, or too old.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take(conn: &mut PgConnection, challenge_hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!("select take_passkey_challenge($1)", challenge_hash).fetch_one(conn).await?)
}

/// Finds whose passkey this is, whatever the actor. `None`: nobody's, or of somebody who is let in no more.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, credential_id: &[u8]) -> Result<Option<UserId>> {
    let user = sqlx::query_scalar!("select find_passkey($1)", credential_id).fetch_one(conn).await?;
    Ok(user.map(Into::into))
}

/// Locks a passkey of the actor until the end of the transaction, so that no two answers are checked with the same counter.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn lock(conn: &mut PgConnection, user: UserId, credential_id: &[u8]) -> Result<Option<Stored>> {
    Ok(sqlx::query_as!(
        Stored,
        "select id, static_state, dynamic_state from passkeys where credential_id = $1 and user_id = $2 for update",
        credential_id,
        user.as_uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Notes that a passkey of the actor was used, and its counter.
///
/// # Errors
/// [`crate::Error::NotFound`] when it is gone, or another's.
pub async fn note_use(conn: &mut PgConnection, id: Uuid, dynamic_state: [u8; 7]) -> Result<()> {
    let changed = sqlx::query!(
        "update passkeys set dynamic_state = $2, last_used_at = clock_timestamp() where id = $1 and user_id = current_actor()",
        id,
        &dynamic_state,
    );
    if changed.execute(conn).await?.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("passkey")) }
}

/// Stores a passkey of the actor, if there are fewer than `max`; two at once may exceed that by one. `None`: there are too many.
///
/// # Errors
/// [`crate::Error::Conflict`] with `passkeys_credential_id_key` when it is somebody's.
pub async fn create(conn: &mut PgConnection, user: UserId, new: NewPasskey<'_>, max: u32) -> Result<Option<Passkey>> {
    Ok(sqlx::query_as!(
        Passkey,
        "insert into passkeys (id, user_id, credential_id, name, static_state, dynamic_state, transports)
        select $1, $2, $3, $4, $5, $6, $7
        where (select count(*) from passkeys where user_id = $2) < $8
        returning id, name, created_at, last_used_at",
        Uuid::now_v7(),
        user.as_uuid(),
        new.credential_id,
        new.name,
        new.static_state,
        &new.dynamic_state,
        i16::from(new.transports),
        i64::from(max),
    )
    .fetch_optional(conn)
    .await?)
}

/// Lists the passkeys of the actor, oldest first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Passkey>> {
    Ok(sqlx::query_as!(
        Passkey,
        "select id, name, created_at, last_used_at from passkeys where user_id = $1 order by id limit 100",
        user.as_uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Gives the ids that the devices of the actor made, with the bits of how these can be reached: a device doesn't make a second
/// passkey for the same person.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_credentials(conn: &mut PgConnection, user: UserId) -> Result<Vec<(Vec<u8>, u8)>> {
    let rows = sqlx::query!(
        "select credential_id, transports from passkeys where user_id = $1 order by id limit 100",
        user.as_uuid(),
    );
    let rows = rows.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.credential_id, u8::try_from(row.transports).unwrap_or_default())).collect())
}

/// Removes a passkey of the actor; `false`: there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn remove(conn: &mut PgConnection, user: UserId, id: Uuid) -> Result<bool> {
    let deleted = sqlx::query!("delete from passkeys where id = $1 and user_id = $2", id, user.as_uuid());
    Ok(deleted.execute(conn).await?.rows_affected() == 1)
}
