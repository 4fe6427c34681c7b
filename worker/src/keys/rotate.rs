//! The next version of an owner key: made, stored, seen to open, and only then used.

use untxt_core::{
    crypto::{KeyState, Renewed, WrappedOwnerKey},
    domain::OwnerId,
};
use untxt_database::owner_keys::{self, Replaced};

use super::KeyKeeper;
use crate::error::{JobError, JobResult};

/// How far an owner's keys are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The owner key: index and tag key go on.
    Owner,
    /// The index key with it: tokens of search are made anew.
    Index,
    /// All of them, because somebody else may know them.
    Compromised,
}

impl Rotation {
    const fn replaced(self) -> Replaced {
        match self {
            Self::Owner | Self::Index => Replaced::Retired,
            Self::Compromised => Replaced::Compromised,
        }
    }

    const fn renewed(self) -> Renewed {
        match self {
            Self::Owner => Renewed::Nothing,
            Self::Index => Renewed::Index,
            Self::Compromised => Renewed::All,
        }
    }
}

impl KeyKeeper {
    /// Replaces the active key; false: there is none, or somebody else did it just now.
    pub(super) async fn replace(&self, owner: OwnerId, rotation: Rotation) -> JobResult<bool> {
        let mut tx = self.database.begin_as(owner).await?;
        let active = owner_keys::find_current(&mut tx, owner).await?;
        let version = owner_keys::next_version(&mut tx, owner).await?;
        tx.commit().await?;
        let Some(active) = active else { return Ok(false) };
        let next = self.ring.create_next(&active, version, rotation.renewed()).await?;
        let mut tx = self.database.begin_as(owner).await?;
        let is_stored = owner_keys::store_pending(&mut tx, &next).await?;
        tx.commit().await?;
        Ok(is_stored && self.activate(&active, &next, rotation.replaced()).await?)
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
