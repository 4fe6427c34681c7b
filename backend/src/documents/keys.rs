//! The way to a document's key: wrapped owner keys from the database, opened by the key service outside of any
//! transaction.

use std::{collections::HashMap, sync::Arc};

use untxt_core::{
    crypto::{DocumentKey, LabelKey, OwnerKey, WrappedDocumentKey, WrappedLabelKey, WrappedOwnerKey},
    domain::{DocumentId, OwnerId},
};
use untxt_database::{PgConnection, owner_keys};

use super::Refusals;
use crate::{App, problem::ApiError, session::Actor};

/// Gives the newest key of the person, or of a team of theirs, and makes the first one when there is none.
pub(crate) async fn current(app: &App, actor: &Actor, owner: OwnerId) -> Result<Arc<OwnerKey>, ApiError> {
    let mut tx = actor.begin(app).await?;
    let found = owner_keys::find_current(&mut tx, owner).await?;
    tx.commit().await?;
    let wrapped = match found {
        Some(wrapped) => wrapped,
        None => {
            let new = app.keys.create_owner_key(owner).await?;
            let mut tx = actor.begin(app).await?;
            // Of two uploads that make the first key at once, both get the one that was stored first.
            let stored = owner_keys::insert_or_load(&mut tx, &new).await?;
            tx.commit().await?;
            stored
        }
    };
    open(app, &wrapped).await
}

async fn open(app: &App, wrapped: &WrappedOwnerKey) -> Result<Arc<OwnerKey>, ApiError> {
    let opened = app.keys.open_owner_key(wrapped).await;
    opened
        .map_err(|error| ApiError::of_stored("owner key", format_args!("{}/{}", wrapped.owner, wrapped.version), error))
        .inspect_err(|error| record_damage(&app.refusals, wrapped, error))
}

/// Records a key that was changed; of a key service that is away its log tells.
fn record_damage(refusals: &Arc<Refusals>, key: &WrappedOwnerKey, error: &ApiError) {
    if matches!(error, ApiError::Damaged { .. }) {
        refusals.record(key);
    }
}

/// The owner keys that some documents or labels need, still wrapped.
#[derive(Debug)]
pub(crate) struct WrappedKeys(Vec<WrappedOwnerKey>);

/// The owner keys that some documents or labels need.
#[derive(Debug)]
pub(crate) struct OwnerKeys {
    keys: HashMap<(OwnerId, u32), (WrappedOwnerKey, Arc<OwnerKey>)>,
    refusals: Arc<Refusals>,
}

impl WrappedKeys {
    /// Loads these versions of these owners' keys: of whom something is shared, the person may have the key.
    pub(crate) async fn load(
        conn: &mut PgConnection,
        versions: impl IntoIterator<Item = (OwnerId, u32)>,
    ) -> Result<Self, ApiError> {
        let mut versions: Vec<_> = versions.into_iter().collect();
        versions.sort_unstable();
        versions.dedup();
        let mut keys = Vec::with_capacity(versions.len());
        for (owner, version) in versions {
            let key = owner_keys::find(conn, owner, version).await?;
            keys.push(key.ok_or_else(|| ApiError::internal(format!("owner {owner} has no key version {version}")))?);
        }
        Ok(Self(keys))
    }

    pub(crate) async fn open(self, app: &App) -> Result<OwnerKeys, ApiError> {
        let mut keys = HashMap::with_capacity(self.0.len());
        for wrapped in self.0 {
            let key = open(app, &wrapped).await?;
            keys.insert((wrapped.owner, wrapped.version), (wrapped, key));
        }
        Ok(OwnerKeys { keys, refusals: Arc::clone(&app.refusals) })
    }
}

impl OwnerKeys {
    pub(crate) fn document_key(
        &self,
        owner: OwnerId,
        document: DocumentId,
        wrapped: &WrappedDocumentKey,
    ) -> Result<DocumentKey, ApiError> {
        let (stored, key) = self.version(owner, wrapped.owner_key_version)?;
        let opened = key.open_document_key(document, wrapped);
        opened
            .map_err(|error| ApiError::of_stored("document key", document, error))
            .inspect_err(|error| record_damage(&self.refusals, stored, error))
    }

    pub(crate) fn label_key(&self, owner: OwnerId, wrapped: &WrappedLabelKey) -> Result<LabelKey, ApiError> {
        let (stored, key) = self.version(owner, wrapped.owner_key_version)?;
        let opened = key.open_label_key(wrapped);
        opened
            .map_err(|error| ApiError::of_stored("label key", owner, error))
            .inspect_err(|error| record_damage(&self.refusals, stored, error))
    }

    fn version(&self, owner: OwnerId, version: u32) -> Result<&(WrappedOwnerKey, Arc<OwnerKey>), ApiError> {
        let key = self.keys.get(&(owner, version));
        key.ok_or_else(|| ApiError::internal(format!("the owner key version {version} was not loaded")))
    }
}
