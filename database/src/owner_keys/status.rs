use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::crypto::KeyState;

use crate::{Result, row::Row};

/// Owner keys of one root key and one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCount {
    /// The root key that wraps them.
    pub kms_key_id: String,
    /// Where they are in their life.
    pub state: KeyState,
    /// How many versions.
    pub keys: u64,
    /// Of how many owners.
    pub owners: u64,
    /// Age of the oldest.
    pub oldest: Duration,
}

/// Counts all owner keys by root key and state.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count(conn: &mut PgConnection) -> Result<Vec<KeyCount>> {
    let rows = sqlx::query!(
        r#"select
            kms_key_id as "kms_key_id!", state as "state!", keys as "keys!", owners as "owners!", oldest as "oldest!"
        from count_keys()
        order by kms_key_id, state"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let at = Row { table: "owner_keys", id: &row.kms_key_id };
            Ok(KeyCount {
                state: at.word("state", &row.state)?,
                keys: at.number("count", row.keys)?,
                owners: at.number("count", row.owners)?,
                oldest: Duration::try_from_secs_f64(row.oldest.max(0.0)).map_err(|_| at.corrupt("created_at"))?,
                kms_key_id: row.kms_key_id.clone(),
            })
        })
        .collect()
}

/// Counts documents whose key is wrapped by an older version than the active one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_documents_under_older(conn: &mut PgConnection) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"select count_documents_under_older_keys() as "count!""#).fetch_one(conn).await?;
    Row { table: "documents", id: &"all" }.number("count", count)
}

/// Counts keys of labels that are wrapped by an older key of their owner. It is for workers: others find none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_labels_under_older(conn: &mut PgConnection) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"select count_labels_under_older_keys() as "count!""#).fetch_one(conn).await?;
    Row { table: "label_keys", id: &"all" }.number("count", count)
}

/// Counts keys in the form of the first versions, whose index key the root key wraps.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_old_forms(conn: &mut PgConnection) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"select count_old_key_forms() as "count!""#).fetch_one(conn).await?;
    Row { table: "owner_keys", id: &"all" }.number("count", count)
}
