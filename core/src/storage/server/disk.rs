use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest;
use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

use super::{
    listing::{self, Change, Listing, Page},
    object_file::ObjectInfo,
    uploads,
};

/// What the file `format` says; a folder that says something else belongs to another version.
const FORMAT: &str = "untxt store, version 1\n";

/// The folder of the store. All its functions block.
///
/// `objects/ab/abcd…` is named by the SHA-256 of the key, so that no key can name a path; `temporary/` holds what is
/// being written, on the same file system, and is emptied at start; `uploads/<id>/` holds parts.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    /// Held while an object appears or disappears, so that the listing sees changes in their order.
    listing: Mutex<Listing>,
    /// Held by the one that walks over the folder, while others who want a listing wait.
    walk: Mutex<()>,
    /// Locked as long as the store runs.
    _lock: File,
}

impl Disk {
    /// Takes possession of a folder, makes what is missing and removes what a crash left behind.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Self::prepare(folder).map_err(|error| {
            io::Error::new(error.kind(), format!("the store can't use its folder {}: {error}", folder.display()))
        })
    }

    fn prepare(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::new(ErrorKind::ResourceBusy, "another store is running in it"))?;
        check_format(&folder.join("format"))?;
        let temporary = folder.join("temporary");
        if temporary.try_exists()? {
            fs::remove_dir_all(&temporary)?;
        }
        make_folder(&temporary)?;
        make_folder(&folder.join("uploads"))?;
        make_folder(&folder.join("objects"))?;
        for shelf in 0..=255_u8 {
            make_folder(&folder.join("objects").join(hex::encode([shelf])))?;
        }
        sync_folder(&folder.join("objects"))?;
        sync_folder(folder)?;
        let disk = Self { folder: folder.to_owned(), listing: Mutex::default(), walk: Mutex::default(), _lock: lock };
        uploads::remove_expired(&disk)?;
        Ok(disk)
    }

    /// Makes a file for bytes to come; dropped before [`Self::publish`], it is gone.
    pub(super) fn create_temporary(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.folder.join("temporary"))
    }

    /// Gives the folder of uploads.
    pub(super) fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }

    /// Makes a written file the object `info.key`, instead of what was there. `false` if `only_if_absent` and
    /// something is there.
    pub(super) fn publish(&self, file: NamedTempFile, info: ObjectInfo, only_if_absent: bool) -> io::Result<bool> {
        info.seal(file.as_file())?;
        let path = self.path_of(&info.key);
        {
            let mut listing = self.listing();
            if only_if_absent && path.try_exists()? {
                return Ok(false);
            }
            file.persist(&path)?;
            listing.note(Change::Stored(info));
        }
        sync_parent(&path)?;
        Ok(true)
    }

    /// Opens an object, `None` if it is not there.
    pub(super) fn find(&self, key: &str) -> io::Result<Option<(File, ObjectInfo)>> {
        let file = match File::open(self.path_of(key)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let info = ObjectInfo::read(&file)?;
        if info.key != key {
            return Err(io::Error::new(ErrorKind::InvalidData, "a file of the store stands in the wrong place"));
        }
        Ok(Some((file, info)))
    }

    /// Deletes objects; those that are not there count as deleted.
    pub(super) fn delete(&self, keys: &[String]) -> io::Result<()> {
        let mut touched = BTreeSet::new();
        for key in keys {
            let path = self.path_of(key);
            let mut listing = self.listing();
            match fs::remove_file(&path) {
                Ok(()) => {
                    listing.note(Change::Deleted(key.clone()));
                    touched.extend(path.parent().map(Path::to_owned));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        touched.iter().try_for_each(|shelf| sync_folder(shelf))
    }

    /// Gives one page of the listing, walking over all objects if nobody did before.
    pub(super) fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> io::Result<Page> {
        if let Some(page) = self.listing().page(prefix, after, limit) {
            return Ok(page);
        }
        let _turn = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut listing = self.listing();
            if let Some(page) = listing.page(prefix, after, limit) {
                return Ok(page);
            }
            *listing = Listing::Walking(Vec::new());
        }
        let found = listing::walk(&self.folder.join("objects"));
        let mut listing = self.listing();
        match found {
            Ok(objects) => Ok(listing.finish(objects, prefix, after, limit)),
            Err(error) => {
                *listing = Listing::Unknown;
                Err(error)
            }
        }
    }

    fn path_of(&self, key: &str) -> PathBuf {
        let name = hex::encode(digest::digest(&digest::SHA256, key.as_bytes()));
        self.folder.join("objects").join(&name[..2]).join(&name)
    }

    fn listing(&self) -> MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a folder that only this user can enter, if it is not there.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes the name of a file durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_folder)
}

fn check_format(path: &Path) -> io::Result<()> {
    match fs::read_to_string(path) {
        Ok(found) if found == FORMAT => Ok(()),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidData, "it was made by another version of UNTXT")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::write(path, FORMAT)?;
            File::open(path)?.sync_all()
        }
        Err(error) => Err(error),
    }
}
