//! Having the key of an owner's folders and tags wrapped by the active owner key. Names are not touched.

use untxt_core::{crypto::CryptoError, domain::OwnerId};
use untxt_database::{Error, labels, owner_keys};

use super::{Kept, KeyKeeper};
use crate::error::JobResult;

impl KeyKeeper {
    pub(super) async fn rewrap_labels(&self, owner: OwnerId) -> JobResult<Kept> {
        let mut kept = Kept::default();
        let mut tx = self.database.begin_as(owner).await?;
        let Some(active) = owner_keys::find_current(&mut tx, owner).await? else { return Ok(kept) };
        let found = labels::find_key_under_older(&mut tx, &active).await?;
        tx.commit().await?;
        let Some(before) = found else { return Ok(kept) };
        let new = self.ring.open_owner_key(&active).await?;
        let old = self.open_version(owner, before.owner_key_version).await?;
        let opened = old.as_ref().ok_or(CryptoError::Corrupt).and_then(|old| old.open_label_key(&before));
        let Ok(key) = opened else {
            tracing::error!(%owner, "the key of folders and tags does not open; it stays as it is, and so does what wraps it");
            kept.refused += 1;
            return Ok(kept);
        };
        let after = new.rewrap_label_key(&key)?;
        let mut tx = self.database.begin_as(owner).await?;
        match labels::store_key(&mut tx, owner, &before, &after).await {
            Ok(stored) => {
                tx.commit().await?;
                kept.labels += u64::from(stored);
            }
            // It was replaced meanwhile: whoever did that has the labels follow.
            Err(Error::Conflict(constraint)) if constraint == labels::OWNER_KEY_STATE => {}
            Err(error) => return Err(error.into()),
        }
        Ok(kept)
    }
}
