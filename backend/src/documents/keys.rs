//! The way to a document's key: wrapped owner keys from the database, opened by the key service outside of any
//! transaction.

use std::{collections::HashMap, sync::Arc};

use untxt_core::{
    crypto::{DocumentKey, LabelKey, OwnerKey, WrappedDocumentKey, WrappedLabelKey, WrappedOwnerKey},
    domain::{DocumentId, OwnerId},
};
use untxt_database::{PgConnection, owner_keys};

use crate::{App, problem::ApiError, session::Actor};

/// Gives the newest key of the person, and makes the first one when there is none.
pub(crate) async fn current(app: &App, actor: &Actor) -> Result<Arc<OwnerKey>, ApiError> {
    let owner = actor.owner();
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
}

/// The owner keys that some documents or labels need, still wrapped.
#[derive(Debug)]
pub(crate) struct WrappedKeys(Vec<WrappedOwnerKey>);

/// The owner keys that some documents or labels need.
#[derive(Debug)]
pub(crate) struct OwnerKeys(HashMap<u32, Arc<OwnerKey>>);

impl WrappedKeys {
    /// Loads these versions of a person's key.
    pub(crate) async fn load(
        conn: &mut PgConnection,
        owner: OwnerId,
        versions: impl IntoIterator<Item = u32>,
    ) -> Result<Self, ApiError> {
        let mut versions: Vec<_> = versions.into_iter().collect();
        versions.sort_unstable();
        versions.dedup();
        let mut keys = Vec::with_capacity(versions.len());
        for version in versions {
            let key = owner_keys::find(conn, owner, version).await?;
            keys.push(key.ok_or_else(|| ApiError::internal(format!("owner {owner} has no key version {version}")))?);
        }
        Ok(Self(keys))
    }

    pub(crate) async fn open(self, app: &App) -> Result<OwnerKeys, ApiError> {
        let mut keys = HashMap::with_capacity(self.0.len());
        for wrapped in self.0 {
            keys.insert(wrapped.version, open(app, &wrapped).await?);
        }
        Ok(OwnerKeys(keys))
    }
}

impl OwnerKeys {
    pub(crate) fn document_key(
        &self,
        document: DocumentId,
        wrapped: &WrappedDocumentKey,
    ) -> Result<DocumentKey, ApiError> {
        let opened = self.version(wrapped.owner_key_version)?.open_document_key(document, wrapped);
        opened.map_err(|error| ApiError::of_stored("document key", document, error))
    }

    pub(crate) fn label_key(&self, owner: OwnerId, wrapped: &WrappedLabelKey) -> Result<LabelKey, ApiError> {
        let opened = self.version(wrapped.owner_key_version)?.open_label_key(wrapped);
        opened.map_err(|error| ApiError::of_stored("label key", owner, error))
    }

    fn version(&self, version: u32) -> Result<&OwnerKey, ApiError> {
        let key = self.0.get(&version).map(AsRef::as_ref);
        key.ok_or_else(|| ApiError::internal(format!("the owner key version {version} was not loaded")))
    }
}
