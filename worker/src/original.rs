//! Fetching and opening what was uploaded: from the store through the stream opener into one zeroised buffer.

use std::sync::Arc;

use futures::TryStreamExt;
use untxt_core::{
    crypto::{DocumentKey, StreamOpener},
    domain::{DocumentId, OwnerId, ReadingSettings},
    storage::ObjectKey,
};
use untxt_database::{
    documents::{self, Source},
    owner_keys,
};
use zeroize::Zeroizing;

use crate::{
    Services,
    error::{JobError, JobResult},
    sandbox::Original,
    slot::{Loaded, Slot},
};

/// Gives the document in clear; only its first page in a slot has to wait for the store.
pub(crate) async fn load(
    services: &Services,
    slot: &mut Slot,
    owner: OwnerId,
    document: DocumentId,
    settings: &ReadingSettings,
) -> JobResult<Loaded> {
    let same = |loaded: &&Loaded| loaded.original.document == document && loaded.original.settings == *settings;
    if let Some(loaded) = slot.loaded.as_ref().filter(same) {
        return Ok(loaded.clone());
    }
    slot.loaded = None;
    let (source, key) = open_key(services, owner, document).await?;
    let bytes = Arc::new(fetch(services, &source, &key).await?);
    let original = Original { owner, document, bytes, settings: settings.clone() };
    let loaded = Loaded { original, key: Arc::new(key) };
    slot.loaded = Some(loaded.clone());
    Ok(loaded)
}

/// Opens the key of a document; [`JobError::LeaseLost`]: it was deleted.
pub(crate) async fn open_key(
    services: &Services,
    owner: OwnerId,
    document: DocumentId,
) -> JobResult<(Source, DocumentKey)> {
    let mut tx = services.database.begin_as(owner).await?;
    // Deleted meanwhile: its tasks are gone too, so the claim is void.
    let source = documents::find_source(&mut tx, document).await?.ok_or(JobError::LeaseLost)?;
    let wrapped = owner_keys::find(&mut tx, owner, source.key.owner_key_version).await?;
    tx.commit().await?;
    let wrapped = wrapped.ok_or_else(|| JobError::world("the owner's key is not there"))?;
    let owner_key = services.keys.open_owner_key(&wrapped).await?;
    let key = owner_key.open_document_key(document, &source.key)?;
    Ok((source, key))
}

async fn fetch(services: &Services, source: &Source, key: &DocumentKey) -> JobResult<Zeroizing<Vec<u8>>> {
    let object = ObjectKey::Original(source.document);
    let opener = key.opener_for(source.owner, &object);
    let sealed = services.objects.get(&object, None).await?;
    let size = usize::try_from(source.size_bytes).map_err(JobError::world)?;
    open(sealed, opener, size).await
}

/// Opens a stream into one buffer of exactly `size` bytes, which never moves: no copy is left behind in memory.
async fn open(
    mut sealed: untxt_core::storage::ByteStream,
    mut opener: StreamOpener,
    size: usize,
) -> JobResult<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    let mut keep = |piece: &[u8]| {
        if bytes.len() + piece.len() > size {
            return Err(JobError::from(untxt_core::crypto::CryptoError::Corrupt));
        }
        bytes.extend_from_slice(piece);
        Ok(())
    };
    while let Some(piece) = sealed.try_next().await.map_err(JobError::world)? {
        keep(&opener.update(&piece)?)?;
    }
    keep(&opener.finish()?)?;
    Ok(bytes)
}
