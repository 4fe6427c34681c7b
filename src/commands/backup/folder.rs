//! The folder of backups: objects, which all backups in it share, and one folder for each backup.
//!
//! ```text
//! UNTXT-BACKUP                     says what this is
//! objects/ab/<key>-<content>       a sealed object; half a SHA-256 of its path in the store, and that of its bytes
//! 20261122T101112.345Z/            a backup, named by the time of its snapshot; it appears when it is whole
//!     SHA256SUMS  seal.json  manifest.age  objects.age  <table>.age …
//! ```
//!
//! Objects never change under their path, so one that is there, and whole, is never written again.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, DirBuilder, File},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use untxt_core::storage::ObjectKey;

use super::files::{Hash, Sums, sync_folder};

const MARKER: &str = "UNTXT-BACKUP";
/// First line of the marker; another one is of another version.
const TITLE: &str = "backups of UNTXT, version 1";
const ADVICE: &str = "Restore with `untxt import`, which needs two things that are not here: the identity that opens\n\
    the backup, and the root key of the installation. Check with `untxt backup verify`, or in the folder of a backup\n\
    with `sha256sum --check SHA256SUMS`.\n";
/// The file of a backup that is written last; without it there is none.
const SEAL: &str = super::seal::FILE;
const UNFINISHED: &str = ".unfinished";
/// How the name of an object begins that is being written.
const DRAFT: &str = ".part-";

/// Half a SHA-256 of an object's path: enough to tell all objects apart.
pub(super) type KeyHash = [u8; 16];

/// An object that is in the folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredObject {
    pub(super) hash: Hash,
    pub(super) size_bytes: u64,
    /// Its bytes have this hash; otherwise only its name says so.
    pub(super) is_checked: bool,
}

/// An open folder. For writing it is locked as long as this value lasts.
#[derive(Debug)]
pub(super) struct BackupFolder {
    root: PathBuf,
    _lock: Option<File>,
}

impl BackupFolder {
    /// Opens a folder to read from it.
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(MARKER));
        let text = text.with_context(|| format!("{} is no folder of backups: it has no {MARKER}", root.display()))?;
        if text.lines().next() != Some(TITLE) {
            bail!("the backups in {} are of another version of UNTXT; use that one", root.display());
        }
        Ok(Self { root: root.to_owned(), _lock: None })
    }

    /// Opens a folder to write into it, and removes what a run that was killed left half written.
    pub(super) fn open_for_writing(root: &Path) -> anyhow::Result<Self> {
        make(root)?;
        if !root.join(MARKER).exists() {
            let is_foreign = read_folder(root)?.iter().any(|path| path.file_name() != Some("lost+found".as_ref()));
            if is_foreign {
                bail!("{} holds something else; give a new or an empty folder", root.display());
            }
            super::files::write(&root.join(MARKER), format!("{TITLE}\n\n{ADVICE}").as_bytes())?;
        }
        let lock = File::open(root.join(MARKER)).with_context(|| format!("{} can't be used", root.display()))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            bail!("another export is writing into {}", root.display());
        }
        let folder = Self { _lock: Some(lock), ..Self::open(root)? };
        for shelf in 0..=255_u8 {
            make(&folder.root.join("objects").join(hex::encode([shelf])))?;
        }
        Ok(folder)
    }

    /// Begins a new backup, in a folder of its own that doesn't count yet.
    pub(super) fn begin(&self) -> anyhow::Result<PathBuf> {
        let draft = self.root.join(UNFINISHED);
        match fs::remove_dir_all(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} can't be removed", draft.display()));
            }
            _ => make(&draft)?,
        }
        Ok(draft)
    }

    /// Makes the backup that was begun count, under this name, at once.
    pub(super) fn publish(&self, name: &str) -> anyhow::Result<PathBuf> {
        for shelf in read_folder(&self.root.join("objects"))? {
            sync_folder(&shelf)?;
        }
        let draft = self.root.join(UNFINISHED);
        sync_folder(&draft)?;
        let path = self.root.join(name);
        fs::rename(&draft, &path).with_context(|| format!("{} can't be made", path.display()))?;
        sync_folder(&self.root)?;
        Ok(path)
    }

    /// Lists the backups that are whole, oldest first.
    pub(super) fn backups(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut found = self.backup_folders()?;
        found.retain(|path| path.join(SEAL).is_file());
        found.sort();
        Ok(found)
    }

    /// Lists all other whole backups, whatever somebody has named them.
    pub(super) fn others(&self, than: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let mut found = read_folder(&self.root)?;
        found.retain(|path| path.join(SEAL).is_file() && path.file_name() != Some(UNFINISHED.as_ref()) && path != than);
        Ok(found)
    }

    /// Finds one backup, or the newest.
    pub(super) fn find(&self, name: Option<&str>) -> anyhow::Result<PathBuf> {
        let mut backups = self.backups()?;
        match name {
            Some(name) => backups.retain(|path| path.file_name().is_some_and(|known| known == name)),
            None if backups.is_empty() => bail!("{} holds no finished backup", self.root.display()),
            None => {}
        }
        let found = backups.pop();
        found.with_context(|| format!("{} holds no backup of that name", self.root.display()))
    }

    /// Lists the objects that are there, and removes what was half written.
    pub(super) fn objects(&self) -> anyhow::Result<HashMap<KeyHash, StoredObject>> {
        let mut objects = HashMap::new();
        for path in self.object_files()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(DRAFT) {
                fs::remove_file(&path).with_context(|| format!("{} can't be removed", path.display()))?;
            } else if let Some((key, hash)) = parse_object_name(&name) {
                let size_bytes = path.metadata().with_context(|| format!("{} can't be read", path.display()))?.len();
                objects.insert(key, StoredObject { hash, size_bytes, is_checked: false });
            }
        }
        Ok(objects)
    }

    /// Makes a file for an object to come, where its place will be.
    pub(super) fn draft_object(&self, key: KeyHash) -> anyhow::Result<tempfile::NamedTempFile> {
        let shelf = self.root.join("objects").join(hex::encode(&key[..1]));
        let draft = tempfile::Builder::new().prefix(DRAFT).tempfile_in(&shelf);
        draft.with_context(|| format!("{} can't be written", shelf.display()))
    }

    /// Gives where an object stands.
    pub(super) fn object_path(&self, key: KeyHash, hash: Hash) -> PathBuf {
        self.root.join("objects").join(hex::encode(&key[..1])).join(object_name(key, hash))
    }

    /// Removes backups but the newest `keep`, then objects that no backup names any more. Gives how many of each.
    pub(super) fn prune(&self, keep: usize) -> anyhow::Result<(usize, usize)> {
        let backups = self.backups()?;
        let (old, kept) = backups.split_at(backups.len().saturating_sub(keep));
        let mut named = HashSet::new();
        for backup in kept {
            let path = backup.join("SHA256SUMS");
            let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
            let sums = Sums::parse(&text).with_context(|| format!("{} can't be read", path.display()))?;
            named.extend(sums.0.iter().filter_map(|(path, _)| parse_object_name(path.rsplit('/').next()?)));
        }
        for backup in old {
            // First, so that what is left of a removal that was broken off counts as no backup.
            let seal = backup.join(SEAL);
            fs::remove_file(&seal).with_context(|| format!("{} can't be removed", seal.display()))?;
        }
        for path in self.backup_folders()?.into_iter().filter(|path| !path.join(SEAL).exists()) {
            fs::remove_dir_all(&path).with_context(|| format!("{} can't be removed", path.display()))?;
        }
        let mut removed = 0;
        for path in self.object_files()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if parse_object_name(&name).is_some_and(|object| !named.contains(&object)) {
                fs::remove_file(&path).with_context(|| format!("{} can't be removed", path.display()))?;
                removed += 1;
            }
        }
        Ok((old.len(), removed))
    }

    fn backup_folders(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut found = read_folder(&self.root)?;
        found.retain(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit()));
        Ok(found)
    }

    fn object_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for shelf in read_folder(&self.root.join("objects"))? {
            files.append(&mut read_folder(&shelf)?);
        }
        Ok(files)
    }
}

/// Hashes the path of an object.
pub(super) fn key_hash(key: &ObjectKey) -> KeyHash {
    let mut half = [0; 16];
    half.copy_from_slice(&Hash::of(key.to_string().as_bytes()).0[..16]);
    half
}

/// Gives the path of an object as the list of hashes names it, from the folder of a backup.
pub(super) fn object_entry(key: KeyHash, hash: Hash) -> String {
    format!("../objects/{}/{}", hex::encode(&key[..1]), object_name(key, hash))
}

fn object_name(key: KeyHash, hash: Hash) -> String {
    format!("{}-{}", hex::encode(key), hash.to_hex())
}

/// Reads key and content out of the name of an object.
pub(super) fn parse_object_name(name: &str) -> Option<(KeyHash, Hash)> {
    let (key, hash) = name.split_once('-')?;
    Some((hex::decode(key).ok()?.try_into().ok()?, Hash::from_hex(hash)?))
}

/// Makes a folder that only this user can enter, if it is not there.
fn make(path: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("{} can't be made", path.display()))
}

fn read_folder(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.with_context(|| format!("{} can't be listed", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::backup::files::write;

    fn a_backup(folder: &BackupFolder, name: &str, objects: &[(KeyHash, Hash)]) {
        let draft = folder.begin().expect("begun");
        let mut sums = Sums::default();
        for (key, hash) in objects {
            sums.add(object_entry(*key, *hash), *hash);
            let path = folder.object_path(*key, *hash);
            if !path.exists() {
                write(&path, b"sealed").expect("written");
            }
        }
        write(&draft.join("SHA256SUMS"), sums.to_text().as_bytes()).expect("written");
        write(&draft.join(SEAL), b"{}").expect("written");
        folder.publish(name).expect("published");
    }

    #[test]
    fn old_backups_go_and_take_only_their_own_objects_with_them() {
        let at = tempfile::tempdir().expect("a folder");
        let folder = BackupFolder::open_for_writing(at.path()).expect("opened");
        let hash = Hash::of(b"sealed");
        let (old, both, new) = (([1; 16], hash), ([2; 16], hash), ([3; 16], hash));
        a_backup(&folder, "20260101T000000.000Z", &[old, both]);
        a_backup(&folder, "20260102T000000.000Z", &[both, new]);
        assert_eq!(folder.prune(2).expect("nothing to do"), (0, 0));
        assert_eq!(folder.objects().expect("listed").len(), 3);
        assert_eq!(folder.prune(1).expect("pruned"), (1, 1));
        let left = folder.objects().expect("listed");
        assert!(left.contains_key(&both.0) && left.contains_key(&new.0) && left.len() == 2);
        assert_eq!(folder.backups().expect("listed").len(), 1);
    }

    #[test]
    fn what_was_never_finished_does_not_count_and_is_removed() {
        let at = tempfile::tempdir().expect("a folder");
        let folder = BackupFolder::open_for_writing(at.path()).expect("opened");
        write(&folder.begin().expect("begun").join("users.age"), b"-").expect("written");
        write(&at.path().join("objects/ab/.part-1"), b"-").expect("written");
        BackupFolder::open_for_writing(at.path()).expect_err("one at a time");
        drop(folder);
        let folder = BackupFolder::open_for_writing(at.path()).expect("opened again");
        folder.find(None).expect_err("no backup yet");
        assert!(folder.objects().expect("listed").is_empty());
        assert!(!at.path().join("objects/ab/.part-1").exists());
        assert_eq!(read_folder(&folder.begin().expect("begun")).expect("listed").len(), 0);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_left_alone() {
        let at = tempfile::tempdir().expect("a folder");
        write(&at.path().join("thesis.odt"), b"-").expect("written");
        let error = BackupFolder::open_for_writing(at.path()).expect_err("foreign").to_string();
        assert!(error.contains("something else"), "{error}");
    }
}
