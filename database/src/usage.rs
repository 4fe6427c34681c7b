//! What owners use of the server: pages that are read in a month, and bytes that lie here.
//!
//! Promises: a page counts once it was read, whatever becomes of its document; pages of open tasks count before. Refuses to
//! enforce: it tells how much there is, and how much there may be.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, OwnerId, UserId};
use uuid::Uuid;

use crate::{Error, Result};

/// What an owner has used and may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Whose.
    pub owner: OwnerId,
    /// In this month of the calendar (UTC), those that open tasks will read included, one at least for each.
    pub pages: u64,
    /// Of files as they were uploaded, the trash included.
    pub bytes: u64,
    /// When pages are counted anew.
    pub next_month: OffsetDateTime,
    /// What an administrator allowed.
    pub quota: Quota,
}

/// What an administrator allowed a person; `None`: as the server has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Pages in a month of the calendar.
    pub pages_per_month: Option<u64>,
    /// Bytes of files.
    pub bytes: Option<u64>,
}

/// Gives what an owner has used, to that person, somebody of that team, or, of a person, an administrator; to others `None`.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn read(conn: &mut PgConnection, owner: OwnerId) -> Result<Option<Usage>> {
    let row = sqlx::query_as!(
        UsageRow,
        r#"select
            $1 as "owner_id!",
            pages as "pages!",
            bytes as "bytes!",
            next_month as "next_month!",
            pages_limit,
            bytes_limit
        from read_usage($1)"#,
        owner.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Usage::from))
}

/// Gives what the owner of a document has used, to whoever may have it read again; to others `None`.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn read_by_document(conn: &mut PgConnection, document: DocumentId) -> Result<Option<Usage>> {
    let row = sqlx::query_as!(
        UsageRow,
        r#"select
            owner_id as "owner_id!",
            pages as "pages!",
            bytes as "bytes!",
            next_month as "next_month!",
            pages_limit,
            bytes_limit
        from read_usage_by($1)"#,
        document.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Usage::from))
}

/// Waits for others who use up what this owner has, until the transaction ends.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn lock(conn: &mut PgConnection, owner: OwnerId) -> Result<()> {
    sqlx::query!("select lock_usage($1)", owner.as_uuid()).execute(conn).await?;
    Ok(())
}

/// Finds what was allowed the actor; a team has what the server has.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find_quota(conn: &mut PgConnection, owner: OwnerId) -> Result<Quota> {
    let row = sqlx::query!("select pages_per_month, bytes from quotas where user_id = $1", owner.as_uuid())
        .fetch_optional(conn)
        .await?;
    Ok(row.map_or_else(Quota::default, |row| Quota::of_columns(row.pages_per_month, row.bytes)))
}

/// Sets what a person may use, for an actor who is an administrator. `false`: there is no such person.
///
/// # Errors
/// [`Error::Refused`] when the actor is none.
pub async fn set_quota(conn: &mut PgConnection, by: UserId, person: UserId, quota: Quota) -> Result<bool> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let set = sqlx::query!(
        "insert into quotas (user_id, pages_per_month, bytes, set_by)
        values ($1, $2, $3, $4)
        on conflict (user_id) do update set
            pages_per_month = excluded.pages_per_month,
            bytes = excluded.bytes,
            set_by = excluded.set_by,
            set_at = clock_timestamp()",
        person.as_uuid(),
        quota.pages_per_month.map(number),
        quota.bytes.map(number),
        by.as_uuid(),
    )
    .execute(conn)
    .await;
    match set.map_err(Error::from) {
        Ok(_) => Ok(true),
        Err(Error::Conflict(constraint)) if constraint == "quotas_user_id_fkey" => Ok(false),
        Err(error) => Err(error),
    }
}

impl Quota {
    fn of_columns(pages_per_month: Option<i64>, bytes: Option<i64>) -> Self {
        Self { pages_per_month: pages_per_month.map(i64::unsigned_abs), bytes: bytes.map(i64::unsigned_abs) }
    }
}

struct UsageRow {
    owner_id: Uuid,
    pages: i64,
    bytes: i64,
    next_month: OffsetDateTime,
    pages_limit: Option<i64>,
    bytes_limit: Option<i64>,
}

impl From<UsageRow> for Usage {
    fn from(row: UsageRow) -> Self {
        Self {
            owner: row.owner_id.into(),
            pages: row.pages.unsigned_abs(),
            bytes: row.bytes.unsigned_abs(),
            next_month: row.next_month,
            quota: Quota::of_columns(row.pages_limit, row.bytes_limit),
        }
    }
}
