//! What is left of shredded documents, in backups and beside them: a backup must not bring one back.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::task::block_in_place;
use untxt_core::{
    config::Signing,
    crypto::{Kms, age::Recipient},
    receipts::{PublicKey, Shred},
    storage::{ObjectKey, ObjectStore, StorageError},
};

use super::{
    export::name_of,
    files::Sums,
    folder::BackupFolder,
    import::Backup,
    manifest::RECEIPTS,
    say, seal,
    sealed::{OpenedFile, SealedFile},
};
use crate::commands::receipts::{read_verified, verify};

/// Far more than a receipt has; whatever is longer is none.
const MAX_RECEIPT_BYTES: usize = 64 << 10;
/// Receipts that are read from the bucket at the same time.
const AT_ONCE: usize = 16;

/// Writes all there are, signed or not, a line of JSON each.
pub(super) fn write(folder: &Path, recipients: &[Recipient], shreds: &[Shred], sums: &mut Sums) -> anyhow::Result<()> {
    let mut file = SealedFile::create(&folder.join(RECEIPTS), recipients)?;
    for shred in shreds {
        let line = serde_json::to_string(shred).context("a receipt can't be written")?;
        file.write(format!("{line}\n").as_bytes())?;
    }
    sums.add(RECEIPTS, file.finish()?.file_hash);
    Ok(())
}

/// Where an import looks for receipts, besides a file.
pub(super) struct Sources<'a> {
    pub(super) folder: &'a BackupFolder,
    /// The one that is restored.
    pub(super) backup: &'a Backup,
    pub(super) services: &'a [Arc<dyn Kms>],
    pub(super) store: &'a dyn ObjectStore,
}

impl Sources<'_> {
    /// Gives those of every other backup in the folder, for which the seal of that backup vouches, and those of the bucket and
    /// of a file, for which their signatures do. Which is newer is not asked: one that is not needed does nothing.
    pub(super) async fn gather(&self, file: Option<&Path>, signing: &Signing) -> anyhow::Result<Vec<Shred>> {
        let keys: Vec<_> = signing.public_keys.iter().map(|path| PublicKey::open(path)).collect::<Result<_, _>>()?;
        let mut shreds = Vec::new();
        for other in self.folder.others(&self.backup.path)? {
            let found = self.read_other(&other).await;
            shreds.append(&mut found.with_context(|| {
                format!(
                    "the receipts of {} can't be read, and what was shredded must not come back; if that backup is older \
                     than the one to restore, move it elsewhere",
                    other.display()
                )
            })?);
        }
        shreds.append(&mut read_bucket(self.store, &keys).await?);
        if let Some(file) = file {
            shreds.append(&mut read_verified(file, &keys)?);
        }
        self.tell_if_none_is_newer(&shreds);
        Ok(shreds)
    }

    async fn read_other(&self, path: &Path) -> anyhow::Result<Vec<Shred>> {
        let sums = seal::read_checked(self.services, path).await?;
        let Some(hash) = sums.find(RECEIPTS) else { return Ok(Vec::new()) };
        let identities = &self.backup.identities;
        let bytes = block_in_place(|| OpenedFile::open(&path.join(RECEIPTS), hash, identities)?.read_to_end())?;
        let text = std::str::from_utf8(&bytes).context("they are damaged")?;
        text.lines().map(|line| serde_json::from_str(line).context("they are damaged")).collect()
    }

    fn tell_if_none_is_newer(&self, shreds: &[Shred]) {
        let taken_at = &self.backup.manifest.taken_at;
        if !shreds.iter().any(|shred| name_of(shred.shredded_at) > *taken_at) {
            say(&format!(
                "WARNING      no receipt is newer than the backup ({taken_at}), in the bucket, in other backups or in \
                 --receipts: whatever was shredded since then comes back"
            ));
        }
    }
}

/// Reads all receipts of the bucket, each of which has to be good.
async fn read_bucket(store: &dyn ObjectStore, keys: &[PublicKey]) -> anyhow::Result<Vec<Shred>> {
    let (mut shreds, mut next) = (Vec::new(), None);
    loop {
        let listing = store.list_receipts(next).await.context("the receipts in the bucket can't be listed")?;
        let reading = listing.objects.iter().map(|object| read_receipt(store, object.key, keys));
        let found: Vec<_> = stream::iter(reading).buffered(AT_ONCE).try_collect().await?;
        shreds.extend(found.into_iter().flatten());
        next = listing.next;
        if next.is_none() {
            return Ok(shreds);
        }
    }
}

async fn read_receipt(store: &dyn ObjectStore, key: ObjectKey, keys: &[PublicKey]) -> anyhow::Result<Vec<Shred>> {
    let reading = async {
        let (mut body, mut text) = (store.get(&key, None).await?, Vec::new());
        while let Some(piece) = body.try_next().await.map_err(|error| StorageError::Unavailable(error.into()))? {
            text.extend_from_slice(&piece);
            if text.len() > MAX_RECEIPT_BYTES {
                break;
            }
        }
        Ok::<_, StorageError>(text)
    };
    let text = reading.await.with_context(|| format!("{key} can't be read from the bucket"))?;
    verify(&text, &key.to_string(), keys).context(
        "a receipt in the bucket is not good, and what was shredded must not come back: put the public half of its key into \
         signing.public_keys, or remove the object if you know that it is not ours",
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    // The rest needs a backup, a bucket and a database: e2e/proofs/shred.mjs.

    #[test]
    fn every_other_backup_is_asked_whatever_its_name() {
        let at = tempfile::tempdir().expect("a folder");
        let folder = BackupFolder::open_for_writing(at.path()).expect("opened");
        for name in ["20261122T101112.345Z", "before the move", "20201122T101112.345Z", "not whole", ".unfinished"] {
            std::fs::create_dir(at.path().join(name)).expect("a folder");
            if name != "not whole" {
                std::fs::write(at.path().join(name).join(seal::FILE), "{}").expect("written");
            }
        }
        let mut others: Vec<PathBuf> = folder.others(&at.path().join("20261122T101112.345Z")).expect("listed");
        others.sort();
        assert_eq!(others, [at.path().join("20201122T101112.345Z"), at.path().join("before the move")]);
    }
}
