//! `untxt backup verify`: is everything there, and is it what was written?

use std::{path::Path, sync::Arc};

use anyhow::ensure;
use tokio::task::block_in_place;
use untxt_core::crypto::LocalKms;

use super::{
    files::{self, Hasher},
    folder::BackupFolder,
    identity,
    import::Backup,
    progress::Progress,
    say, seal,
};

/// Checks a backup; says whether it is whole. What is damaged is named.
pub(super) async fn run(
    from: &Path,
    name: Option<&str>,
    identity: Option<&Path>,
    root_key: Option<&Path>,
) -> anyhow::Result<bool> {
    let folder = BackupFolder::open(from)?;
    let path = folder.find(name)?;
    say(&format!("checking     {}", path.display()));
    let sums = match root_key {
        Some(key) => seal::read_checked(&[Arc::new(LocalKms::open(key)?)], &path).await?,
        None => seal::read_unchecked(&path)?,
    };
    let all: Vec<_> = sums.0.iter().map(|(name, hash)| (path.join(name), *hash)).collect();
    let progress = Progress::new("files", all.len());
    let damaged = progress.watch(files::check_all(all, &progress)).await?;
    for damage in &damaged {
        say(&format!("DAMAGED      {damage}"));
    }
    if !damaged.is_empty() {
        say(&format!("{} files are damaged", damaged.len()));
        return Ok(false);
    }
    let Some(identity) = identity else {
        say("every file is the one that was written");
        return Ok(true);
    };
    let backup = Backup::open(path, sums, identity::read(identity)?)?;
    backup.objects()?;
    check_rows(&backup)?;
    for key in &backup.manifest.missing {
        say(&format!("MISSING      {key} was lost before"));
    }
    say("every file is the one that was written, and opens");
    Ok(backup.manifest.missing.is_empty())
}

/// Opens the rows of every table to their end.
fn check_rows(backup: &Backup) -> anyhow::Result<()> {
    let tables = &backup.manifest.layout.tables;
    for (table, rows) in tables.iter().zip(&backup.manifest.rows) {
        let mut file = backup.rows(table)?;
        let mut hasher = Hasher::default();
        loop {
            let bytes = block_in_place(|| file.next())?;
            if bytes.is_empty() {
                break;
            }
            hasher.add(bytes);
        }
        ensure!(hasher.finish().0.to_hex() == rows.sha256, "the rows of {} are not those of the manifest", table.name);
    }
    Ok(())
}
