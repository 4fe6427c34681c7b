//! Forgetting tags that a tag key made which somebody else may know: with it they tell whether a known file is there. They
//! only serve an upload that is sent again.

use untxt_core::domain::OwnerId;
use untxt_database::owner_keys;

use super::KeyKeeper;
use crate::error::JobResult;

/// Documents of one transaction: some milliseconds.
const AT_ONCE: u32 = 500;

impl KeyKeeper {
    /// Gives how many documents had some.
    pub(super) async fn forget_old_tags(&self, owner: OwnerId) -> JobResult<u64> {
        let mut all = 0;
        loop {
            let mut tx = self.database.begin_as(owner).await?;
            let Some(active) = owner_keys::find_current(&mut tx, owner).await? else { return Ok(all) };
            let forgotten = owner_keys::forget_old_tags(&mut tx, &active, AT_ONCE).await?;
            tx.commit().await?;
            all += forgotten;
            if forgotten == 0 {
                return Ok(all);
            }
        }
    }
}
