//! Turns: what a worker does next.
//!
//! Whoever has a free slot asks here, whatever woke it. The answer is fair over owners and queues, counts what is in
//! work in the whole installation, and is a claim: guarded by a lease like every other. Which task it is, the
//! database's `choose_task` decides (migration 7).

mod places;
mod take;
mod waiting;

use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::domain::TaskId;
use uuid::Uuid;

pub use places::{Place, places};
pub use take::{take, take_page_of};
pub use waiting::{OpenTask, list_open};

use crate::{Result, pages::ClaimedPage, tasks::ClaimedTask};

/// What a free slot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Task whose document it has open: it goes on with that one as long as nobody else deserves the turn.
    pub open_task: Option<TaskId>,
    /// Lease of the page that it has read and is storing; that page keeps no slot busy.
    pub stored_lease: Option<Uuid>,
    /// How long the claim is ours.
    pub lease: Duration,
    /// How often work may be begun.
    pub max_attempts: u32,
    /// How many pages of one owner may be read at once; 0: as many as there are slots.
    pub max_pages_per_owner: u32,
}

/// What the slot does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Inspect or finish this task.
    Task(Box<ClaimedTask>),
    /// Read this page.
    Page(Box<ClaimedPage>),
    /// Somebody else was faster: roll back and ask again.
    Again,
    /// There is nothing to do now.
    Rest,
}

/// Removes the turns of owners who have had nothing to be read for a day; returning, they count as new.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn forget_idle(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "delete from turns
        where (owner_id, queue) in (
            select owner_id, queue
            from turns
            where open_tasks = 0 and coalesce(served_at, created_at) < clock_timestamp() - interval '1 day'
            order by owner_id, queue
            for update skip locked
        )"
    )
    .execute(conn)
    .await?;
    Ok(())
}
