//! Owner keys, wrapped by the root key, and their life.

mod events;
mod rewrap;
mod roots;
mod rotate;
mod status;
mod tags;
mod upkeep;

pub use events::{KeyEvent, KeyOperation, record, record_refusal};
pub use rewrap::{Rewrapped, list_documents_under_older, store_documents, store_key};
pub use roots::destroy_unused_roots;
pub use rotate::{Replaced, activate, destroy, next_version, store_pending};
pub use status::{IndexRebuild, KeyCount, count, count_documents_under_older, count_old_forms, list_index_rebuilds};
pub use tags::forget_old_tags;
pub use upkeep::{DueKey, Upkeep, list_due, load_due, try_begin_upkeep};

use sqlx::PgConnection;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId};
use uuid::Uuid;

use crate::{
    Error, Result,
    row::{Row, count_column},
};

/// Finds the active key of the actor, which seals what is new.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_current(conn: &mut PgConnection, owner: OwnerId) -> Result<Option<WrappedOwnerKey>> {
    sqlx::query_as!(
        OwnerKeyRow,
        "select
            owner_id, version, state, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, index_generation,
            wrapped_tag_key, tag_generation
        from owner_keys
        where owner_id = $1 and state = 'active'",
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
        "select
            owner_id, version, state, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, index_generation,
            wrapped_tag_key, tag_generation
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

/// Lists a key of the actor that opens, the active one if it does, for each of these index keys.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_of_generations(
    conn: &mut PgConnection,
    owner: OwnerId,
    generations: &[u32],
) -> Result<Vec<WrappedOwnerKey>> {
    let generations: Vec<_> = generations.iter().copied().map(count_column).collect();
    sqlx::query_as!(
        OwnerKeyRow,
        "select distinct on (index_generation)
            owner_id, version, state, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, index_generation,
            wrapped_tag_key, tag_generation
        from owner_keys
        where owner_id = $1 and index_generation = any($2) and state in ('active', 'retired', 'compromised')
        order by index_generation, state = 'active' desc, version desc",
        owner.as_uuid(),
        &generations,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Stores the first key of the actor, unless there is one already, and gives the active one: of two processes that make
/// the first key at once, both get the same.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn insert_or_load(conn: &mut PgConnection, key: &WrappedOwnerKey) -> Result<WrappedOwnerKey> {
    if insert(conn, key).await? {
        record(conn, &KeyEvent::of(key, KeyOperation::Created)).await?;
    }
    // A second statement, because only a new snapshot sees the row that another process has just committed.
    find_current(conn, key.owner).await?.ok_or(Error::NotFound("owner key"))
}

/// Stores a version of a key; false: that version is there.
async fn insert(conn: &mut PgConnection, key: &WrappedOwnerKey) -> Result<bool> {
    let inserted = sqlx::query!(
        "insert into owner_keys (
            owner_id, version, state, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, index_generation,
            wrapped_tag_key, tag_generation
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        -- whichever index says so: two first keys at once meet in that of active ones as well
        on conflict do nothing",
        key.owner.as_uuid(),
        count_column(key.version),
        key.state.as_str(),
        key.kms_key_id,
        key.wrapped,
        key.wrapped_index_key,
        key.index_wrapping.as_str(),
        count_column(key.index_generation),
        tag_key_column(key),
        count_column(key.tag_generation),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(inserted == 1)
}

/// Gives the column of a wrapped tag key: null where the index key is the tag key, as in earlier versions.
fn tag_key_column(key: &WrappedOwnerKey) -> Option<&[u8]> {
    (!key.wrapped_tag_key.is_empty()).then_some(&key.wrapped_tag_key)
}

/// Lists one key, any, of each root key that wrapped some. It reads tables of earlier versions as well, where keys have no
/// state and index keys no form.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub(crate) async fn list_one_of_each_root(conn: &mut PgConnection) -> Result<Vec<WrappedOwnerKey>> {
    sqlx::query_as!(
        OwnerKeyRow,
        r#"select distinct on (kms_key_id)
            owner_id,
            version,
            coalesce(to_jsonb(k) ->> 'state', 'active') as "state!",
            kms_key_id,
            wrapped as "wrapped?",
            wrapped_index_key as "wrapped_index_key?",
            coalesce(to_jsonb(k) ->> 'index_wrapped_by', 'root') as "index_wrapped_by!",
            coalesce((to_jsonb(k) ->> 'index_generation')::integer, 1) as "index_generation!",
            (to_jsonb(k) ->> 'wrapped_tag_key')::bytea as "wrapped_tag_key?",
            coalesce((to_jsonb(k) ->> 'tag_generation')::integer, 1) as "tag_generation!"
        from owner_keys k
        where coalesce(to_jsonb(k) ->> 'state', 'active') <> 'destroyed'
        order by kms_key_id"#,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Lists all keys of some owners, in the order of their ids, those after one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub(crate) async fn list_of_owners(
    conn: &mut PgConnection,
    after: Option<OwnerId>,
    max_owners: u32,
) -> Result<Vec<WrappedOwnerKey>> {
    sqlx::query_as!(
        OwnerKeyRow,
        "select
            owner_id, version, state, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, index_generation,
            wrapped_tag_key, tag_generation
        from owner_keys
        where owner_id in (
            select distinct owner_id
            from owner_keys
            where $1::uuid is null or owner_id > $1
            order by owner_id
            limit $2
        )
        order by owner_id, version",
        after.map(OwnerId::as_uuid),
        i64::from(max_owners),
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
    state: String,
    kms_key_id: String,
    wrapped: Option<Vec<u8>>,
    wrapped_index_key: Option<Vec<u8>>,
    index_wrapped_by: String,
    index_generation: i32,
    wrapped_tag_key: Option<Vec<u8>>,
    tag_generation: i32,
}

impl TryFrom<OwnerKeyRow> for WrappedOwnerKey {
    type Error = Error;

    fn try_from(row: OwnerKeyRow) -> Result<Self> {
        let at = Row { table: "owner_keys", id: &row.owner_id };
        Ok(Self {
            owner: row.owner_id.into(),
            version: at.number("version", row.version)?,
            state: at.word("state", &row.state)?,
            kms_key_id: row.kms_key_id,
            wrapped: row.wrapped.unwrap_or_default(),
            wrapped_index_key: row.wrapped_index_key.unwrap_or_default(),
            index_wrapping: at.word("index_wrapped_by", &row.index_wrapped_by)?,
            index_generation: at.number("index_generation", row.index_generation)?,
            wrapped_tag_key: row.wrapped_tag_key.unwrap_or_default(),
            tag_generation: at.number("tag_generation", row.tag_generation)?,
        })
    }
}
