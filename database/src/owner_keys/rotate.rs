use sqlx::PgConnection;
use untxt_core::{
    crypto::{KeyState, WrappedOwnerKey},
    domain::OwnerId,
};

use super::{KeyEvent, KeyOperation, insert, record};
use crate::{
    Result,
    row::{Row, count_column},
};

/// Why a key is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It is time.
    Retired,
    /// Somebody else may know it.
    Compromised,
}

/// Gives the version that comes after all that there ever were of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn next_version(conn: &mut PgConnection, owner: OwnerId) -> Result<u32> {
    let newest = sqlx::query_scalar!(
        r#"select coalesce(max(version), 0) as "newest!" from owner_keys where owner_id = $1"#,
        owner.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Row { table: "owner_keys", id: &owner }.number("version", newest + 1)
}

/// Stores the next version of a key, which seals nothing yet; false: there is that version already.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn store_pending(conn: &mut PgConnection, key: &WrappedOwnerKey) -> Result<bool> {
    let is_new = insert(conn, key).await?;
    if is_new {
        record(conn, &KeyEvent::of(key, KeyOperation::Created)).await?;
    }
    Ok(is_new)
}

/// Makes a pending version the active one, and the active one an older one; false: somebody else did.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn activate(
    conn: &mut PgConnection,
    active: &WrappedOwnerKey,
    next: &WrappedOwnerKey,
    replaced: Replaced,
) -> Result<bool> {
    let (state, operation) = match replaced {
        Replaced::Retired => (KeyState::Retired, KeyOperation::Retired),
        Replaced::Compromised => (KeyState::Compromised, KeyOperation::Compromised),
    };
    let retired = sqlx::query!(
        "update owner_keys
        set state = $3, retired_at = clock_timestamp()
        where owner_id = $1 and version = $2 and state = 'active'",
        active.owner.as_uuid(),
        count_column(active.version),
        state.as_str(),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if retired != 1 {
        return Ok(false);
    }
    // One that was made of an earlier version must not bring back an index or tag key that was replaced meanwhile.
    let activated = sqlx::query!(
        "update owner_keys
        set state = 'active'
        where owner_id = $1 and version = $2 and state = 'pending' and index_generation >= $3 and tag_generation >= $4",
        next.owner.as_uuid(),
        count_column(next.version),
        count_column(active.index_generation),
        count_column(active.tag_generation),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if activated != 1 {
        return Ok(false);
    }
    record(conn, &KeyEvent::of(active, operation)).await?;
    record(conn, &KeyEvent::of(next, KeyOperation::Activated)).await?;
    if next.index_generation > active.index_generation {
        record(conn, &KeyEvent::of(next, KeyOperation::IndexReplaced)).await?;
    }
    if next.tag_generation > active.tag_generation {
        record(conn, &KeyEvent::of(next, KeyOperation::TagsReplaced)).await?;
    }
    Ok(true)
}

/// Destroys an older version that neither a document nor the labels nor the search need; false: one does, or it is no older
/// one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn destroy(conn: &mut PgConnection, key: &WrappedOwnerKey) -> Result<bool> {
    // The lock comes first: a document that is stored under this key just now is seen by the next statement. It is one of all
    // versions, since two that carry one index key must not both count on the other.
    let locked = sqlx::query!(
        "select version, state from owner_keys where owner_id = $1 and state <> 'destroyed' order by version for update",
        key.owner.as_uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    let is_older = locked.iter().any(|row| row.version == count_column(key.version) && row.state != "active");
    if !is_older {
        return Ok(false);
    }
    let destroyed = sqlx::query!(
        "update owner_keys
        set
            state = 'destroyed',
            wrapped = null,
            wrapped_index_key = null,
            wrapped_tag_key = null,
            retired_at = coalesce(retired_at, clock_timestamp()),
            destroyed_at = clock_timestamp()
        where owner_id = $1 and version = $2
            and not exists (select from documents where owner_id = $1 and owner_key_version = $2)
            and not exists (select from label_keys where owner_id = $1 and owner_key_version = $2)
            and (
                not exists (select from search_segments where owner_id = $1 and index_generation = $3)
                or exists (
                    select
                    from owner_keys o
                    where o.owner_id = $1
                        and o.version <> $2
                        and o.index_generation = $3
                        and o.state in ('active', 'retired', 'compromised')
                )
            )",
        key.owner.as_uuid(),
        count_column(key.version),
        count_column(key.index_generation),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if destroyed == 1 {
        record(conn, &KeyEvent::of(key, KeyOperation::Destroyed)).await?;
    }
    Ok(destroyed == 1)
}
