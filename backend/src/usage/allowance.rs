use untxt_core::{
    config,
    domain::{DocumentId, OwnerId},
};
use untxt_database::{
    PgConnection,
    usage::{self, Quota, Usage},
};

use crate::problem::ApiError;

/// What an owner has used, beside what they may use; `None`: as much as one likes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(super) usage: Usage,
    pub(super) pages: Option<u64>,
    pub(super) bytes: Option<u64>,
}

impl Allowance {
    /// Gives that of the actor, of a team of theirs, or, for an administrator, of anybody.
    pub(crate) async fn of(
        conn: &mut PgConnection,
        limits: &config::Limits,
        owner: OwnerId,
    ) -> Result<Option<Self>, ApiError> {
        Ok(usage::read(conn, owner).await?.map(|usage| Self::new(limits, usage)))
    }

    /// Says whether there is a limit at all for the actor, or for a team of theirs.
    pub(crate) async fn is_bounded(
        conn: &mut PgConnection,
        limits: &config::Limits,
        owner: OwnerId,
    ) -> Result<bool, ApiError> {
        Ok(bounds(limits, usage::find_quota(conn, owner).await?) != (None, None))
    }

    /// Refuses a file of that size, if there is no room for it or nothing more is read this month.
    pub(crate) async fn refuse_file(
        conn: &mut PgConnection,
        limits: &config::Limits,
        owner: OwnerId,
        bytes: u64,
    ) -> Result<(), ApiError> {
        if !Self::is_bounded(conn, limits, owner).await? {
            return Ok(());
        }
        match Self::of(conn, limits, owner).await? {
            Some(allowance) => allowance.refuse_reading().and_then(|()| allowance.refuse_bytes(bytes)),
            None => Ok(()),
        }
    }

    /// Refuses to have a document read again, if nothing more is read this month for whose it is.
    pub(crate) async fn refuse_rereading(
        conn: &mut PgConnection,
        limits: &config::Limits,
        document: DocumentId,
    ) -> Result<(), ApiError> {
        let Some(seen) = usage::read_by_document(conn, document).await? else { return Ok(()) };
        if Self::new(limits, seen).pages.is_none() {
            return Ok(());
        }
        // Of those who come at once, each sees what the ones before it began.
        usage::lock(conn, seen.owner).await?;
        match usage::read_by_document(conn, document).await? {
            Some(usage) => Self::new(limits, usage).refuse_reading(),
            None => Ok(()),
        }
    }

    fn new(limits: &config::Limits, usage: Usage) -> Self {
        let (pages, bytes) = bounds(limits, usage.quota);
        Self { usage, pages, bytes }
    }

    fn refuse_reading(&self) -> Result<(), ApiError> {
        match self.pages {
            Some(limit) if self.usage.pages >= limit => {
                Err(ApiError::PageQuotaUsed { limit, until: self.usage.next_month })
            }
            _ => Ok(()),
        }
    }

    fn refuse_bytes(&self, bytes: u64) -> Result<(), ApiError> {
        match self.bytes {
            Some(limit) if self.usage.bytes.saturating_add(bytes) > limit => {
                Err(ApiError::StorageQuotaUsed { limit, left: limit.saturating_sub(self.usage.bytes) })
            }
            _ => Ok(()),
        }
    }
}

/// Gives the pages and the bytes that may be used: what an administrator said, or else what the server has.
fn bounds(limits: &config::Limits, quota: Quota) -> (Option<u64>, Option<u64>) {
    let of_server = |limit: u64| Some(limit).filter(|&limit| limit > 0);
    (quota.pages_per_month.or(of_server(limits.owner_pages_per_month)), quota.bytes.or(of_server(limits.owner_bytes)))
}
