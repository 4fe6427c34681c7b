//! All that is due with the keys of one owner, in the order that lets each step rely on the one before.

use untxt_core::{
    crypto::{CryptoError, KeyState, KmsError, WrappedOwnerKey},
    domain::OwnerId,
};
use untxt_database::owner_keys::{self, DueKey, Replaced};

use super::{Kept, KeyKeeper, Rotation};
use crate::error::JobResult;

/// Says whether a pending version may take the place of the active one: one that was made of an earlier version may still
/// carry an index or tag key that was replaced.
fn is_next(pending: &WrappedOwnerKey, active: &WrappedOwnerKey) -> bool {
    pending.state == KeyState::Pending
        && pending.version > active.version
        && pending.index_generation >= active.index_generation
        && pending.tag_generation >= active.tag_generation
}

impl KeyKeeper {
    /// Does what is due for one owner.
    pub(super) async fn keep_up(&self, owner: OwnerId) -> JobResult<Kept> {
        let mut kept = self.rewrap_keys(owner).await?;
        if !self.does_active_open(owner).await? {
            // The keys of all others are kept up all the same.
            kept.refused += 1;
            return Ok(kept);
        }
        kept.rotated += u64::from(self.go_on_with_rotation(owner).await?);
        kept += self.rewrap_documents(owner).await?;
        kept += self.rewrap_labels(owner).await?;
        kept.tags += self.forget_old_tags(owner).await?;
        kept.destroyed += self.destroy_unneeded(owner).await?;
        Ok(kept)
    }

    pub(super) async fn load(&self, owner: OwnerId) -> JobResult<Vec<DueKey>> {
        let upkeep = self.upkeep()?;
        let mut tx = self.database.begin_as(owner).await?;
        let keys = owner_keys::load_due(&mut tx, owner, &upkeep).await?;
        tx.commit().await?;
        Ok(keys)
    }

    /// Has every key of the owner wrapped by the root key of now, in the form of now.
    async fn rewrap_keys(&self, owner: OwnerId) -> JobResult<Kept> {
        let mut kept = Kept::default();
        for DueKey { key, .. } in self.load(owner).await? {
            match self.ring.rewrap(&key).await {
                Ok(None) => {}
                Ok(Some(after)) => {
                    let mut tx = self.database.begin_as(owner).await?;
                    kept.rewrapped += u64::from(owner_keys::store_key(&mut tx, &key, &after).await?);
                    tx.commit().await?;
                }
                Err(error) => {
                    self.refuse_or_give_up(&key, error).await?;
                    kept.refused += 1;
                }
            }
        }
        Ok(kept)
    }

    async fn does_active_open(&self, owner: OwnerId) -> JobResult<bool> {
        let keys = self.load(owner).await?;
        let Some(active) = keys.iter().find(|due| due.key.state == KeyState::Active) else { return Ok(true) };
        match self.ring.open_owner_key(&active.key).await {
            Ok(_) => Ok(true),
            Err(error) => self.refuse_or_give_up(&active.key, error).await.map(|()| false),
        }
    }

    /// Replaces an active key that is worn, or ends a rotation that broke off.
    async fn go_on_with_rotation(&self, owner: OwnerId) -> JobResult<bool> {
        let keys = self.load(owner).await?;
        let Some(active) = keys.iter().find(|due| due.key.state == KeyState::Active) else { return Ok(false) };
        match keys.iter().find(|due| is_next(&due.key, &active.key)) {
            Some(pending) => self.activate(&active.key, &pending.key, Replaced::Retired).await,
            None if active.is_index_worn => self.replace(owner, Rotation::Index).await,
            None if active.is_worn => self.replace(owner, Rotation::Owner).await,
            None => Ok(false),
        }
    }

    async fn destroy_unneeded(&self, owner: OwnerId) -> JobResult<u64> {
        let keys = self.load(owner).await?;
        let active = keys.iter().find(|due| due.key.state == KeyState::Active).map(|due| &due.key);
        // Another keeper was faster: this one was never used.
        let is_passed_by = |due: &DueKey| {
            due.key.state == KeyState::Pending && active.is_some_and(|active| !is_next(&due.key, active))
        };
        let mut destroyed = 0;
        for due in keys.iter().filter(|due| due.is_past_grace || is_passed_by(due)) {
            let mut tx = self.database.begin_as(owner).await?;
            destroyed += u64::from(owner_keys::destroy(&mut tx, &due.key).await?);
            tx.commit().await?;
        }
        Ok(destroyed)
    }

    /// Writes down that a key does not open. A key service that does not answer is no refusal: everything waits for it.
    pub(super) async fn refuse_or_give_up(&self, key: &WrappedOwnerKey, error: CryptoError) -> JobResult<()> {
        if !matches!(error, CryptoError::Corrupt | CryptoError::Kms(KmsError::Refused)) {
            return Err(error.into());
        }
        tracing::error!(owner = %key.owner, key.version = key.version, "an owner key does not open; it stays as it is");
        let mut tx = self.database.begin_as(key.owner).await?;
        owner_keys::record_refusal(&mut tx, key).await?;
        Ok(tx.commit().await?)
    }
}
