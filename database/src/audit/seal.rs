use std::{collections::HashMap, time::Duration};

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::{
    audit::{AuditRow, BatchHead, Leaves, SignedHead},
    receipts::SigningKey,
};

use super::row::EventRow;
use crate::{Error, Result, installation, row::Row};

/// Any number, the same in every worker: who holds this lock seals.
const SEAL_LOCK: i64 = 0x554e_5458_5441;

/// Rows of the record that wait to be sealed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unsealed {
    /// So many.
    pub rows: u64,
    /// How long ago the oldest was written, in seconds; 0 if none waits.
    pub oldest_seconds: f64,
}

/// Says whether nobody else seals; then nobody will until this transaction ends.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn try_begin_sealing(conn: &mut PgConnection) -> Result<bool> {
    let elected =
        sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "elected!""#, SEAL_LOCK).fetch_one(conn).await?;
    Ok(elected)
}

/// Finds the head of the last batch, with its number; a database whose head can't be read is damaged.
///
/// # Errors
/// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
pub async fn last_head(conn: &mut PgConnection) -> Result<Option<(BatchHead, SignedHead)>> {
    let row = sqlx::query!(
        "select number, head, signature, signing_key
        from audit_batches
        order by number desc
        limit 1"
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let signed = SignedHead { head: row.head, signature: row.signature, signing_key: row.signing_key };
    let head = signed.read().map_err(|_| Row { table: "audit_batches", id: &row.number }.corrupt("head"))?;
    Ok(Some((head, signed)))
}

/// Seals some of what waits, after the last head, if anything waits or something is to be said; gives the new head.
///
/// # Errors
/// [`crate::Error::Unavailable`]; [`crate::Error::Conflict`] when somebody else has sealed meanwhile.
pub async fn seal_next(
    conn: &mut PgConnection,
    key: &SigningKey,
    last: Option<(BatchHead, SignedHead)>,
    expired_before: Option<OffsetDateTime>,
    limit: u32,
) -> Result<Option<(BatchHead, SignedHead)>> {
    let rows = list_unsealed(conn, limit).await?;
    if rows.is_empty() && expired_before.is_none() {
        return Ok(None);
    }
    let gone = rows.iter().filter(|(_, row)| row.is_none()).count();
    if gone > 0 {
        tracing::error!(rows.gone = gone, "rows of the record were removed before they could be sealed");
    }
    let (installation, now) = (installation::id(conn).await?, now(conn).await?);
    let mut head = BatchHead::after(last.as_ref().map(|(head, signed)| (head, signed)), installation, now);
    head.expired_before = expired_before.or(head.expired_before);
    let (head, leaves) = head.fill(&rows);
    let at = Row { table: "audit_batches", id: &head.number };
    let signed = head.sign(key).map_err(|_| at.corrupt("head"))?;
    seal(conn, &head, &signed, &leaves).await?;
    Ok(Some((head, signed)))
}

/// Gives rows that are not sealed yet, in the order of their positions; `None` for one that is gone.
async fn list_unsealed(conn: &mut PgConnection, limit: u32) -> Result<Vec<(i64, Option<AuditRow>)>> {
    let positions =
        sqlx::query_scalar!("select position from audit_unsealed order by position limit $1", i64::from(limit))
            .fetch_all(&mut *conn)
            .await?;
    let mut rows: HashMap<_, _> =
        list_by_positions(conn, &positions).await?.into_iter().map(|row| (row.position, row)).collect();
    Ok(positions.into_iter().map(|position| (position, rows.remove(&position))).collect())
}

/// Loads rows by their positions, in that order; those that are gone are left out.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_by_positions(conn: &mut PgConnection, positions: &[i64]) -> Result<Vec<AuditRow>> {
    let rows = sqlx::query_as!(
        EventRow,
        r#"select
            position, at, action, outcome, actor, session_id, token_id, owner_id, object_kind, object_id, page_number,
            host(address) as address, request_id, count, detail, encode(login_mark, 'hex') as login_mark
        from audit_events
        where position = any($1)
        order by position"#,
        positions,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(AuditRow::from).collect())
}

/// Gives the time of the database, to the microsecond.
pub(super) async fn now(conn: &mut PgConnection) -> Result<OffsetDateTime> {
    Ok(sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(conn).await?)
}

/// Stores a batch, and takes its rows off the list of those that wait.
///
/// # Errors
/// [`crate::Error::Unavailable`]; [`crate::Error::Conflict`] when somebody else has sealed meanwhile.
pub async fn seal(conn: &mut PgConnection, head: &BatchHead, signed: &SignedHead, leaves: &Leaves) -> Result<()> {
    let at = Row { table: "audit_batches", id: &head.number };
    sqlx::query!(
        "insert into audit_batches (
            number, first_row, row_count, sealed_at, expired_before, head, signature, signing_key, positions, hashes
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        at.number::<_, i64>("number", head.number)?,
        at.number::<_, i64>("first_row", head.first)?,
        at.number::<_, i32>("row_count", head.rows)?,
        head.sealed_at,
        head.expired_before,
        signed.head,
        signed.signature,
        signed.signing_key,
        leaves.positions.as_slice(),
        leaves.hash_bytes(),
    )
    .execute(&mut *conn)
    .await?;
    let taken = sqlx::query!("delete from audit_unsealed where position = any($1)", leaves.positions.as_slice())
        .execute(conn)
        .await?
        .rows_affected();
    if taken == leaves.positions.len() as u64 { Ok(()) } else { Err(Error::Conflict("audit_unsealed_pkey".to_owned())) }
}

/// Counts what waits to be sealed.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_unsealed(conn: &mut PgConnection) -> Result<Unsealed> {
    let row = sqlx::query!(
        r#"select
            (select count(*) from audit_unsealed) as "rows!",
            coalesce(
                (
                    select extract(epoch from clock_timestamp() - e.at)
                    from audit_unsealed u
                    join audit_events e on e.position = u.position
                    order by u.position
                    limit 1
                ),
                0
            )::double precision as "oldest!""#
    )
    .fetch_one(conn)
    .await?;
    let rows = Row { table: "audit_unsealed", id: &"all" }.number("count", row.rows)?;
    Ok(Unsealed { rows, oldest_seconds: row.oldest })
}

/// Gives the time before which rows may go now: the begin of a month, in UTC, that is so long ago; `None`: no batch is that
/// old, or the newest head says so already.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_expiry(
    conn: &mut PgConnection,
    retention: Duration,
    said: Option<OffsetDateTime>,
) -> Result<Option<OffsetDateTime>> {
    let before = sqlx::query_scalar!(
        r#"select before.at as "at!"
        from (select date_trunc('month', clock_timestamp() - make_interval(secs => $1), 'UTC')) as before (at)
        where ($2::timestamptz is null or $2 < before.at)
            and exists (select from audit_batches b where b.positions is not null and b.sealed_at < before.at)"#,
        retention.as_secs_f64(),
        said,
    )
    .fetch_optional(conn)
    .await?;
    Ok(before)
}

/// Removes the rows of some batches that the newest head lets go, and gives how many batches that were.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn expire(conn: &mut PgConnection, max_batches: i32) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"select expire_audit($1) as "batches!""#, max_batches).fetch_one(conn).await?)
}
