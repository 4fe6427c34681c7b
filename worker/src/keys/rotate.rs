//! The next version of an owner key: made, stored, seen to open, and only then used.

use untxt_core::{
    crypto::{KeyState, WrappedOwnerKey},
    domain::OwnerId,
};
use untxt_database::owner_keys::{self, Replaced};

use super::KeyKeeper;
use crate::error::{JobError, JobResult};

impl KeyKeeper {
    /// Replaces the active key; false: there is none, or somebody else did it just now.
    pub(super) async fn replace(&self, owner: OwnerId, replaced: Replaced) -> JobResult<bool> {
        let mut tx = self.database.begin_as(owner).await?;
        let active = owner_keys::find_current(&mut tx, owner).await?;
        let version = owner_keys::next_version(&mut tx, owner).await?;
        tx.commit().await?;
        let Some(active) = active else { return Ok(false) };
        let next = self.ring.create_next(&active, version).await?;
        let mut tx = self.database.begin_as(owner).await?;
        let is_stored = owner_keys::store_pending(&mut tx, &next).await?;
        tx.commit().await?;
        Ok(is_stored && self.activate(&active, &next, replaced).await?)
    }

    /// Lets a pending version take the place of the active one, once it has been read back and has opened.
    pub(super) async fn activate(
        &self,
        active: &WrappedOwnerKey,
        next: &WrappedOwnerKey,
        replaced: Replaced,
    ) -> JobResult<bool> {
        let mut tx = self.database.begin_as(next.owner).await?;
        let stored = owner_keys::find(&mut tx, next.owner, next.version).await?;
        tx.commit().await?;
        let stored = stored.ok_or_else(|| JobError::world("the new key is not there"))?;
        if stored.state != KeyState::Pending {
            return Ok(false);
        }
        if let Err(error) = self.ring.open_owner_key(&stored).await {
            self.refuse_or_give_up(&stored, error).await?;
            // It has sealed nothing.
            let mut tx = self.database.begin_as(next.owner).await?;
            owner_keys::destroy(&mut tx, &stored).await?;
            tx.commit().await?;
            return Ok(false);
        }
        let mut tx = self.database.begin_as(next.owner).await?;
        let activated = owner_keys::activate(&mut tx, active, &stored, replaced).await?;
        if activated {
            tx.commit().await?;
            tracing::info!(owner = %next.owner, key.version = next.version, "an owner key was replaced");
        }
        Ok(activated)
    }
}
