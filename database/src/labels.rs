//! The key that seals names of folders and tags, and the lock under which these are changed.

use sqlx::PgConnection;
use untxt_core::{
    crypto::{WrappedLabelKey, WrappedOwnerKey},
    domain::OwnerId,
};

use crate::{
    Error, Result,
    owner_keys::{KeyEvent, KeyOperation, record},
    row::{Row, count_column},
};

/// The constraint that refuses a label key under a key of its owner that seals nothing any more.
pub const OWNER_KEY_STATE: &str = "label_keys_owner_key_state";

/// Any number; locks of two numbers never meet those of one.
const FILING_LOCK: i32 = 0x4c42;

/// Makes everybody else wait who changes folders or tags of the actor, until this transaction ends: names are compared and
/// trees are measured by whoever has the lock. Owners who share a lock by chance wait for each other, and no more.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn lock(conn: &mut PgConnection, owner: OwnerId) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock($1, hashtext($2::uuid::text))", FILING_LOCK, owner.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// Finds the label key of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_key(conn: &mut PgConnection, owner: OwnerId) -> Result<Option<WrappedLabelKey>> {
    let row =
        sqlx::query!("select owner_key_version, wrapped_key from label_keys where owner_id = $1", owner.as_uuid())
            .fetch_optional(conn)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let at = Row { table: "label_keys", id: &owner };
    let owner_key_version = at.number("owner_key_version", row.owner_key_version)?;
    Ok(Some(WrappedLabelKey { owner_key_version, wrapped: row.wrapped_key }))
}

/// Stores the label key of the actor, unless there is one already, and gives the one that is stored.
///
/// # Errors
/// [`crate::Error::Conflict`] with [`OWNER_KEY_STATE`].
pub async fn insert_or_load_key(
    conn: &mut PgConnection,
    owner: OwnerId,
    key: &WrappedLabelKey,
) -> Result<WrappedLabelKey> {
    sqlx::query!(
        "insert into label_keys (owner_id, owner_key_version, wrapped_key)
        values ($1, $2, $3)
        -- waits for another request that makes the first one
        on conflict (owner_id) do nothing",
        owner.as_uuid(),
        count_column(key.owner_key_version),
        key.wrapped,
    )
    .execute(&mut *conn)
    .await?;
    // A second statement, because only a new snapshot sees the row that another request has just committed.
    find_key(conn, owner).await?.ok_or(Error::NotFound("label key"))
}

/// Finds the actor's label key if it is wrapped by an older version than this one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_key_under_older(
    conn: &mut PgConnection,
    active: &WrappedOwnerKey,
) -> Result<Option<WrappedLabelKey>> {
    let key = find_key(conn, active.owner).await?;
    Ok(key.filter(|key| key.owner_key_version < active.version))
}

/// Stores a label key that was wrapped anew; false: it was changed meanwhile.
///
/// # Errors
/// [`crate::Error::Conflict`] with [`OWNER_KEY_STATE`].
pub async fn store_key(
    conn: &mut PgConnection,
    owner: OwnerId,
    before: &WrappedLabelKey,
    after: &WrappedLabelKey,
) -> Result<bool> {
    let changed = sqlx::query!(
        "update label_keys
        set owner_key_version = $3, wrapped_key = $4
        where owner_id = $1 and wrapped_key = $2",
        owner.as_uuid(),
        before.wrapped,
        count_column(after.owner_key_version),
        after.wrapped,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if changed == 1 {
        let event = KeyEvent {
            operation: KeyOperation::LabelsRewrapped,
            owner: Some(owner),
            version: Some(after.owner_key_version),
            kms_key_id: None,
            count: None,
        };
        record(conn, &event).await?;
    }
    Ok(changed == 1)
}
