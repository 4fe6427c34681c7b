//! What is left of shredded documents, in backups: an older backup must not bring one back.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use tokio::task::block_in_place;
use untxt_core::{
    config::Signing,
    crypto::{Kms, age::Recipient},
    receipts::{PublicKey, Shred},
};

use super::{
    ImportArgs,
    files::Sums,
    folder::BackupFolder,
    import::Backup,
    manifest::RECEIPTS,
    seal,
    sealed::{OpenedFile, SealedFile},
};
use crate::commands::receipts::read_verified;

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

/// Gives those of every newer backup in the folder, for which the seal of that backup vouches, and those of a file, for
/// which their signatures do.
pub(super) async fn gather(
    folder: &BackupFolder,
    backup: &Backup,
    services: &[Arc<dyn Kms>],
    args: &ImportArgs,
    signing: &Signing,
) -> anyhow::Result<Vec<Shred>> {
    let mut shreds = Vec::new();
    for newer in folder.backups()?.into_iter().filter(|path| *path > backup.path) {
        let found = read_newer(&newer, backup, services).await;
        shreds.append(&mut found.with_context(|| {
            format!("the receipts of {} can't be read, and what was shredded must not come back", newer.display())
        })?);
    }
    if let Some(file) = &args.receipts {
        let keys: Vec<_> = signing.public_keys.iter().map(|path| PublicKey::open(path)).collect::<Result<_, _>>()?;
        shreds.append(&mut read_verified(file, &keys)?);
    }
    Ok(shreds)
}

async fn read_newer(path: &Path, backup: &Backup, services: &[Arc<dyn Kms>]) -> anyhow::Result<Vec<Shred>> {
    let sums = seal::read_checked(services, path).await?;
    let Some(hash) = sums.find(RECEIPTS) else { return Ok(Vec::new()) };
    let bytes = block_in_place(|| OpenedFile::open(&path.join(RECEIPTS), hash, &backup.identities)?.read_to_end())?;
    let text = std::str::from_utf8(&bytes).context("they are damaged")?;
    text.lines().map(|line| serde_json::from_str(line).context("they are damaged")).collect()
}
