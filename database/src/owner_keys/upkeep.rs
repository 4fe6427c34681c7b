use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId};

use super::OwnerKeyRow;
use crate::Result;

/// When something is to be done with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// The root key that wraps now: what another one wrapped is wrapped anew.
    pub root: String,
    /// Age from which the active key is replaced.
    pub max_age: Duration,
    /// How long an older key stays after it was replaced.
    pub grace: Duration,
}

/// A key that is not destroyed, and what is due with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueKey {
    /// The key.
    pub key: WrappedOwnerKey,
    /// It is active, and too old or used too often.
    pub is_worn: bool,
    /// It was replaced so long ago that nobody can be using it any more.
    pub is_past_grace: bool,
}

/// Lists owners of whose keys something is to be done, in the order of their ids, those after one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_due(
    conn: &mut PgConnection,
    upkeep: &Upkeep,
    after: Option<OwnerId>,
    max_rows: u32,
) -> Result<Vec<OwnerId>> {
    let owners = sqlx::query_scalar!(
        r#"select owner_id as "owner_id!"
        from list_key_upkeep($1, make_interval(secs => $2), make_interval(secs => $3), $4, $5)"#,
        upkeep.root,
        upkeep.max_age.as_secs_f64(),
        upkeep.grace.as_secs_f64(),
        after.map(OwnerId::as_uuid),
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    Ok(owners.into_iter().map(OwnerId::from).collect())
}

/// Loads the keys of the actor that are not destroyed, in the order of their versions.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_due(conn: &mut PgConnection, owner: OwnerId, upkeep: &Upkeep) -> Result<Vec<DueKey>> {
    let rows = sqlx::query!(
        r#"select
            owner_id, version, state, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, index_generation,
            state = 'active' and (
                created_at < clock_timestamp() - make_interval(secs => $2) or wraps >= 2147483648
            ) as "is_worn!",
            coalesce(retired_at < clock_timestamp() - make_interval(secs => $3), false) as "is_past_grace!"
        from owner_keys
        where owner_id = $1 and state <> 'destroyed'
        order by version"#,
        owner.as_uuid(),
        upkeep.max_age.as_secs_f64(),
        upkeep.grace.as_secs_f64(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = OwnerKeyRow {
                owner_id: row.owner_id,
                version: row.version,
                state: row.state,
                kms_key_id: row.kms_key_id,
                wrapped: row.wrapped,
                wrapped_index_key: row.wrapped_index_key,
                index_wrapped_by: row.index_wrapped_by,
                index_generation: row.index_generation,
            };
            Ok(DueKey { key: key.try_into()?, is_worn: row.is_worn, is_past_grace: row.is_past_grace })
        })
        .collect()
}
