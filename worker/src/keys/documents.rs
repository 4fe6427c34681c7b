//! Having the keys of documents wrapped by the active owner key. What they seal is not touched.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use untxt_core::{
    crypto::{CryptoError, OwnerKey, WrappedDocumentKey, WrappedOwnerKey},
    domain::{DocumentId, OwnerId},
};
use untxt_database::{
    Error, documents,
    owner_keys::{self, Rewrapped},
};

use super::{Kept, KeyKeeper};
use crate::error::JobResult;

/// Keys that are wrapped anew in one transaction: some milliseconds.
const AT_ONCE: u32 = 500;

impl KeyKeeper {
    pub(super) async fn rewrap_documents(&self, owner: OwnerId) -> JobResult<Kept> {
        let (mut kept, mut last) = (Kept::default(), None);
        let mut opened = HashMap::new();
        loop {
            let mut tx = self.database.begin_as(owner).await?;
            let Some(active) = owner_keys::find_current(&mut tx, owner).await? else { return Ok(kept) };
            let found = owner_keys::list_documents_under_older(&mut tx, &active, last, AT_ONCE).await?;
            tx.commit().await?;
            let Some((document, _)) = found.last() else { return Ok(kept) };
            last = Some(*document);
            let (stored, refused) = self.rewrap_some(&active, found, &mut opened).await?;
            kept.documents += stored;
            kept.refused += refused;
        }
    }

    /// Gives how many were stored and how many did not open.
    async fn rewrap_some(
        &self,
        active: &WrappedOwnerKey,
        found: Vec<(DocumentId, WrappedDocumentKey)>,
        opened: &mut HashMap<u32, Option<Arc<OwnerKey>>>,
    ) -> JobResult<(u64, u64)> {
        let new = self.ring.open_owner_key(active).await?;
        let (mut keys, mut unopened) = (Vec::with_capacity(found.len()), Vec::new());
        for (document, before) in found {
            let version = before.owner_key_version;
            let old = match opened.entry(version) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.open_version(active.owner, version).await?),
            };
            let after = old.as_ref().ok_or(CryptoError::Corrupt).and_then(|old| {
                let key = old.open_document_key(document, &before)?;
                new.rewrap(document, &key)
            });
            match after {
                Ok(after) => keys.push(Rewrapped { document, before, after }),
                Err(_) => unopened.push(document),
            }
        }
        if let Some(first) = unopened.first() {
            tracing::error!(
                document.id = %first,
                documents = unopened.len(),
                "keys of documents don't open; they stay as they are, and so does what wraps them"
            );
        }
        let mut tx = self.database.begin_as(active.owner).await?;
        match owner_keys::store_documents(&mut tx, active.owner, &keys).await {
            Ok(stored) => {
                tx.commit().await?;
                Ok((stored, unopened.len() as u64))
            }
            // It was replaced meanwhile: whoever did that has the documents follow.
            Err(Error::Conflict(constraint)) if constraint == documents::OWNER_KEY_STATE => {
                Ok((0, unopened.len() as u64))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens an older version; `None`: it does not open, and that was written down.
    pub(super) async fn open_version(&self, owner: OwnerId, version: u32) -> JobResult<Option<Arc<OwnerKey>>> {
        let mut tx = self.database.begin_as(owner).await?;
        let stored = owner_keys::find(&mut tx, owner, version).await?;
        tx.commit().await?;
        let Some(stored) = stored else { return Ok(None) };
        match self.ring.open_owner_key(&stored).await {
            Ok(key) => Ok(Some(key)),
            Err(error) => {
                self.refuse_or_give_up(&stored, error).await?;
                Ok(None)
            }
        }
    }
}
