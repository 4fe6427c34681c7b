//! Objects out of the store and into another, sealed as they are.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::io::AsyncWriteExt;
use untxt_core::storage::{ByteStream, ObjectKey, ObjectStore, StorageError};

use super::{
    files::{self, Hash, Hasher},
    folder::{BackupFolder, KeyHash, StoredObject, key_hash},
    manifest::Listed,
    progress::Progress,
    say,
};

/// Objects on their way at once: enough to hide the round trips of a store that is far away.
const AT_ONCE: usize = 8;

/// Copies what is not there yet, or not whole, into the folder. Gives the objects that the store doesn't have.
pub(super) async fn copy_out(
    store: &dyn ObjectStore,
    folder: &BackupFolder,
    keys: &[ObjectKey],
    there: &mut HashMap<KeyHash, StoredObject>,
    progress: &Progress,
) -> anyhow::Result<Vec<ObjectKey>> {
    let known = keys.iter().map(|key| (key, there.get(&key_hash(key)).copied()));
    let wanted: Vec<_> = known.filter(|(_, known)| known.is_none_or(|known| !known.is_checked)).collect();
    progress.add((keys.len() - wanted.len()) as u64, 0);
    let copies = wanted.into_iter().map(|(key, known)| async move {
        let whole = match known {
            Some(known) => check_copied(folder, key, known).await?,
            None => None,
        };
        let copied = match whole {
            Some(whole) => Some(whole),
            None => copy_one(store, folder, key).await?,
        };
        progress.add(1, copied.map_or(0, |object| object.size_bytes));
        anyhow::Ok((*key, copied))
    });
    let mut copies = stream::iter(copies).buffer_unordered(AT_ONCE);
    let mut missing = Vec::new();
    while let Some((key, copied)) = copies.try_next().await? {
        match copied {
            Some(object) => drop(there.insert(key_hash(&key), object)),
            None => missing.push(key),
        }
    }
    Ok(missing)
}

/// Reads an object that an earlier backup brought; `None` when it was damaged since.
async fn check_copied(
    folder: &BackupFolder,
    key: &ObjectKey,
    known: StoredObject,
) -> anyhow::Result<Option<StoredObject>> {
    let path = folder.object_path(key_hash(key), known.hash);
    let checking = tokio::task::spawn_blocking(move || files::check(&path, known.hash));
    match checking.await.context("a check was lost")? {
        Ok(size_bytes) => Ok(Some(StoredObject { size_bytes, is_checked: true, ..known })),
        Err(damage) => {
            say(&format!("DAMAGED      {damage}; it is copied again"));
            Ok(None)
        }
    }
}

/// Copies one object into the folder, where it appears whole and durable; `None` when the store doesn't have it.
async fn copy_one(
    store: &dyn ObjectStore,
    folder: &BackupFolder,
    key: &ObjectKey,
) -> anyhow::Result<Option<StoredObject>> {
    let mut body = match store.get(key, None).await {
        Ok(body) => body,
        Err(StorageError::NotFound) => return Ok(None),
        Err(error) => return Err(error).context("an object can't be read"),
    };
    let half = key_hash(key);
    let draft = folder.draft_object(half)?;
    let mut file = tokio::fs::File::from_std(draft.reopen().context("the backup can't be written")?);
    let mut hasher = Hasher::default();
    while let Some(piece) = body.try_next().await.context("an object can't be read")? {
        hasher.add(&piece);
        file.write_all(&piece).await.context("the backup can't be written")?;
    }
    file.flush().await.context("the backup can't be written")?;
    file.sync_all().await.context("the backup can't be made durable")?;
    let (hash, size_bytes) = hasher.finish();
    let path = folder.object_path(half, hash);
    draft.persist(&path).with_context(|| format!("{} can't be written", path.display()))?;
    Ok(Some(StoredObject { hash, size_bytes, is_checked: true }))
}

/// Brings all objects into the store and reads each back. What a run before this one brought is only read. Gives those
/// that are damaged or missing in the folder; without `accept_damaged` the first of them is an error.
pub(super) async fn copy_in(
    store: &dyn ObjectStore,
    folder: &BackupFolder,
    objects: &[Listed],
    accept_damaged: bool,
    progress: &Progress,
) -> anyhow::Result<Vec<anyhow::Error>> {
    let copies = objects.iter().map(|object| async move {
        let copied = copy_back(store, folder, object).await?;
        progress.add(1, object.size_bytes);
        match copied {
            Err(damage) if !accept_damaged => Err(damage),
            copied => Ok(copied.err()),
        }
    });
    let found: Vec<_> = stream::iter(copies).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The inner error is of the backup, the outer one of the store.
async fn copy_back(
    store: &dyn ObjectStore,
    folder: &BackupFolder,
    object: &Listed,
) -> anyhow::Result<Result<(), anyhow::Error>> {
    if hash_in_store(store, &object.key).await? == Some(object.hash) {
        return Ok(Ok(()));
    }
    let path = folder.object_path(key_hash(&object.key), object.hash);
    let file = match tokio::fs::File::open(&path).await {
        Ok(file) => file,
        Err(error) => return Ok(Err(anyhow::anyhow!("{} can't be read: {error}", path.display()))),
    };
    match store.put(&object.key, verified(file, object.hash)).await {
        Ok(_) => {}
        Err(StorageError::Interrupted(error)) => {
            return Ok(Err(anyhow::anyhow!("{} is damaged: {error}", path.display())));
        }
        Err(error) => return Err(error).context("an object can't be stored"),
    }
    anyhow::ensure!(
        hash_in_store(store, &object.key).await? == Some(object.hash),
        "the store gave back something else than it was given"
    );
    Ok(Ok(()))
}

async fn hash_in_store(store: &dyn ObjectStore, key: &ObjectKey) -> anyhow::Result<Option<Hash>> {
    let mut body = match store.get(key, None).await {
        Ok(body) => body,
        Err(StorageError::NotFound) => return Ok(None),
        Err(error) => return Err(error).context("the store can't be read"),
    };
    let mut hasher = Hasher::default();
    while let Some(piece) = body.try_next().await.context("the store can't be read")? {
        hasher.add(&piece);
    }
    Ok(Some(hasher.finish().0))
}

/// Gives a file as a stream that ends with an error when its hash is another one: then the store keeps nothing of it.
fn verified(file: tokio::fs::File, wanted: Hash) -> ByteStream {
    use tokio::io::AsyncReadExt;
    const PIECE_LEN: usize = 256 << 10;
    stream::try_unfold(Some((file, Hasher::default())), move |state| async move {
        let Some((mut file, mut hasher)) = state else { return Ok(None) };
        let mut piece = Vec::with_capacity(PIECE_LEN);
        (&mut file).take(PIECE_LEN as u64).read_to_end(&mut piece).await?;
        if piece.is_empty() {
            return match hasher.finish().0 == wanted {
                true => Ok(None),
                false => Err(std::io::Error::new(
                    std::io::ErrorKind::InvalidData,
                    "its SHA-256 is not the one that was written down",
                )),
            };
        }
        hasher.add(&piece);
        Ok(Some((piece.into(), Some((file, hasher)))))
    })
    .boxed()
}
