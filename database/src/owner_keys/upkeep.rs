use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId};

use super::OwnerKeyRow;
use crate::Result;

/// Any number, the same in every process: who holds this lock keeps the keys up.
const UPKEEP_LOCK: i64 = 0x554e_5458_544b;

/// When something is to be done with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// The root key that wraps now: what another one wrapped is wrapped anew.
    pub root: String,
    /// Age from which the active key is replaced.
    pub max_age: Duration,
    /// Age from which the index key is replaced; `None`: it never is.
    pub max_index_age: Option<Duration>,
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
    /// It is active, and its index key is too old.
    pub is_index_worn: bool,
    /// It was replaced so long ago that nobody can be using it any more, or somebody else may know it.
    pub is_past_grace: bool,
}

/// Says whether nobody else keeps the keys up; then nobody will until this transaction ends.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn try_begin_upkeep(conn: &mut PgConnection) -> Result<bool> {
    let elected = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "elected!""#, UPKEEP_LOCK)
        .fetch_one(conn)
        .await?;
    Ok(elected)
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
        from list_key_upkeep(
            $1, make_interval(secs => $2), make_interval(secs => $3), make_interval(secs => $4), $5, $6
        )"#,
        upkeep.root,
        upkeep.max_age.as_secs_f64(),
        index_age(upkeep),
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
            wrapped_tag_key, tag_generation,
            state = 'active' and (
                created_at < clock_timestamp() - make_interval(secs => $2) or wraps >= 2147483648
            ) as "is_worn!",
            state = 'active' and exists (
                select
                from owner_keys i
                where i.owner_id = k.owner_id
                    and i.version = k.index_generation
                    and i.created_at < clock_timestamp() - make_interval(secs => $3)
            ) as "is_index_worn!",
            state = 'compromised'
                or coalesce(retired_at < clock_timestamp() - make_interval(secs => $4), false) as "is_past_grace!"
        from owner_keys k
        where owner_id = $1 and state <> 'destroyed'
        order by version"#,
        owner.as_uuid(),
        upkeep.max_age.as_secs_f64(),
        index_age(upkeep),
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
                wrapped_tag_key: row.wrapped_tag_key,
                tag_generation: row.tag_generation,
            };
            let (is_worn, is_index_worn, is_past_grace) = (row.is_worn, row.is_index_worn, row.is_past_grace);
            Ok(DueKey { key: key.try_into()?, is_worn, is_index_worn, is_past_grace })
        })
        .collect()
}

fn index_age(upkeep: &Upkeep) -> Option<f64> {
    upkeep.max_index_age.map(|age| age.as_secs_f64())
}
