//! Owner keys, wrapped by the root key.

use sqlx::PgConnection;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId};
use uuid::Uuid;

use crate::{
    Error, Result,
    row::{Row, count_column},
};

/// Finds the newest key of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_current(conn: &mut PgConnection, owner: OwnerId) -> Result<Option<WrappedOwnerKey>> {
    sqlx::query_as!(
        OwnerKeyRow,
        "select owner_id, version, kms_key_id, wrapped, wrapped_index_key
        from owner_keys
        where owner_id = $1
        order by version desc
        limit 1",
        owner.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Finds one version of the actor's key.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, owner: OwnerId, version: u32) -> Result<Option<WrappedOwnerKey>> {
    sqlx::query_as!(
        OwnerKeyRow,
        "select owner_id, version, kms_key_id, wrapped, wrapped_index_key
        from owner_keys
        where owner_id = $1 and version = $2",
        owner.as_uuid(),
        count_column(version),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Stores a key of the actor, unless that version is there already, and gives the stored one: of two processes that
/// make the first key at once, both get the same.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn insert_or_load(conn: &mut PgConnection, key: &WrappedOwnerKey) -> Result<WrappedOwnerKey> {
    sqlx::query!(
        "insert into owner_keys (owner_id, version, kms_key_id, wrapped, wrapped_index_key)
        values ($1, $2, $3, $4, $5)
        on conflict (owner_id, version) do nothing",
        key.owner.as_uuid(),
        count_column(key.version),
        key.kms_key_id,
        key.wrapped,
        key.wrapped_index_key,
    )
    .execute(&mut *conn)
    .await?;
    // A second statement, because only a new snapshot sees the row that another process has just committed.
    find(conn, key.owner, key.version).await?.ok_or(Error::NotFound("owner key"))
}

/// Lists one key, any, of each root key that wrapped some.
pub(crate) async fn list_one_of_each_root(conn: &mut PgConnection) -> Result<Vec<WrappedOwnerKey>> {
    sqlx::query_as!(
        OwnerKeyRow,
        "select distinct on (kms_key_id) owner_id, version, kms_key_id, wrapped, wrapped_index_key
        from owner_keys
        order by kms_key_id",
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

struct OwnerKeyRow {
    owner_id: Uuid,
    version: i32,
    kms_key_id: String,
    wrapped: Vec<u8>,
    wrapped_index_key: Vec<u8>,
}

impl TryFrom<OwnerKeyRow> for WrappedOwnerKey {
    type Error = Error;

    fn try_from(row: OwnerKeyRow) -> Result<Self> {
        let version = Row { table: "owner_keys", id: &row.owner_id }.number("version", row.version)?;
        Ok(Self {
            owner: row.owner_id.into(),
            version,
            kms_key_id: row.kms_key_id,
            wrapped: row.wrapped,
            wrapped_index_key: row.wrapped_index_key,
        })
    }
}
