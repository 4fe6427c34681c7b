//! The data folder of `untxt up`: its layout, its version, and the lock that keeps a second `up` out.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};

/// Layout of the folder; raised when an older executable must not touch it.
const VERSION: u32 = 1;

/// An open data folder. The lock lasts as long as this value.
#[derive(Debug)]
pub(super) struct DataFolder {
    root: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens a folder, making it when it isn't there.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        // 0711: the accounts of Postgres and Redis pass through to their own folders and see no names.
        make_folder(path, 0o711)?;
        let root = path.canonicalize().with_context(|| format!("the data folder {} can't be used", path.display()))?;
        let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(root.join("lock"));
        let lock = lock.map_err(|error| explain(&root, error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            bail!("another `untxt up` is using {}; stop it first, or give another folder with --data", root.display());
        }
        check_version(&root)?;
        Ok(Self { root, _lock: lock })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes a folder inside, readable by its owner only.
    pub(super) fn make(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.path(name);
        make_folder(&path, 0o700)?;
        Ok(path)
    }

    /// Reads a file inside.
    pub(super) fn read(&self, name: &str) -> anyhow::Result<String> {
        let path = self.path(name);
        fs::read_to_string(&path).map_err(|error| explain(&path, error))
    }

    /// Copies certificates and keys for a server that runs as another system user.
    pub(super) fn copy_certificates(&self, to: &str, names: &[&str]) -> anyhow::Result<()> {
        self.make(to)?;
        for name in names {
            self.write(&format!("{to}/{name}"), &self.read(&format!("certs/{name}"))?)?;
        }
        Ok(())
    }

    /// Writes a file inside, at once or not at all, readable by its owner only.
    pub(super) fn write(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.path(name);
        let draft = path.with_extension("draft");
        // Some folders belong to accounts that this process doesn't trust: what lies in the way is removed, not followed.
        let _ = fs::remove_file(&draft);
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| io::Write::write_all(&mut file, content.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&draft, &path));
        written.map_err(|error| explain(&path, error))?;
        Ok(path)
    }
}

fn check_version(root: &Path) -> anyhow::Result<()> {
    let path = root.join("VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => match text.trim().parse::<u32>() {
            Ok(version) if version <= VERSION => Ok(()),
            Ok(version) => bail!(
                "the data in {} was written by a newer UNTXT (layout {version}, this one knows {VERSION}); use that one",
                root.display()
            ),
            Err(_) => bail!("{} is damaged; it should hold the number {VERSION}", path.display()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_foreign = root
                .read_dir()
                .map_err(|error| explain(root, error))?
                .flatten()
                // Keys that were put there first: a backup is to be restored.
                .any(|entry| !["lock", "root-key", "signing"].iter().any(|name| entry.file_name() == *name));
            if is_foreign {
                bail!("{} holds something else; give an empty or a new folder with --data", root.display());
            }
            fs::write(&path, format!("{VERSION}\n")).map_err(|error| explain(&path, error))
        }
        Err(error) => Err(explain(&path, error)),
    }
}

fn make_folder(path: &Path, mode: u32) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|error| explain(path, error))
}

/// Turns a system error about a path into one sentence.
pub(super) fn explain(path: &Path, error: io::Error) -> anyhow::Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            anyhow::anyhow!("the disk is full: {path} can't be written; free some space and start again")
        }
        io::ErrorKind::PermissionDenied => anyhow::anyhow!("{path} can't be used: permission denied"),
        _ => anyhow::anyhow!("{path} can't be used: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_used_by_one_at_a_time_and_never_by_an_older_version() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data");
        let open = DataFolder::open(&path).expect("new");
        let error = DataFolder::open(&path).expect_err("locked").to_string();
        assert!(error.contains("another `untxt up`"), "{error}");
        drop(open);
        DataFolder::open(&path).expect("free again");
        fs::write(path.join("VERSION"), "2\n").expect("written");
        let error = DataFolder::open(&path).expect_err("newer").to_string();
        assert!(error.contains("newer UNTXT"), "{error}");
    }

    #[test]
    fn a_link_in_the_way_of_a_file_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataFolder::open(&folder.path().join("data")).expect("new");
        let victim = folder.path().join("victim");
        fs::write(&victim, "untouched").expect("written");
        std::os::unix::fs::symlink(&victim, data.path("settings.draft")).expect("a link");
        std::os::unix::fs::symlink(&victim, data.path("settings.toml")).expect("a link");
        data.write("settings.toml", "ours").expect("written");
        assert_eq!(fs::read_to_string(&victim).expect("read"), "untouched");
        assert_eq!(data.read("settings.toml").expect("read"), "ours");
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("thesis.odt"), "-").expect("written");
        assert!(DataFolder::open(folder.path()).expect_err("foreign").to_string().contains("something else"));
        fs::remove_file(folder.path().join("thesis.odt")).expect("removed");
        fs::create_dir(folder.path().join("root-key")).expect("a folder");
        DataFolder::open(folder.path()).expect("a root key may come before everything else");
    }
}
