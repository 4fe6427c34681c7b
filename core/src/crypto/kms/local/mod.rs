//! A root key in a file of this machine, for development and for small installations.

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use async_trait::async_trait;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::{Kms, KmsError, WrappedKey, binding::bind, private_file};
use crate::crypto::{CryptoError, KeyContext, aead::SecretKey};

/// First line of a key file.
const TITLE: &str = "untxt root keys, version 2";
/// First line of a file with one key, as it was written before root keys could be changed.
const FIRST_TITLE: &str = "untxt root key, version 1";

/// Root keys in a file that only this user can read (mode 0600). The first one wraps; each unwraps what it wrapped. The
/// file is read again when it has changed.
#[derive(Debug)]
pub struct LocalKms {
    path: PathBuf,
    loaded: RwLock<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    roots: Vec<Arc<Root>>,
    version: Option<FileVersion>,
}

/// Which file it was: every replacement has a number of its own, whatever the clock says.
type FileVersion = (u64, u64, u64, SystemTime);

#[derive(Debug)]
struct Root {
    id: String,
    key: SecretKey,
}

impl LocalKms {
    /// Reads the root keys.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file is missing, malformed or readable by others.
    pub fn open(path: &Path) -> Result<Self, CryptoError> {
        Ok(Self { path: path.to_owned(), loaded: RwLock::new(Loaded::read(path)?) })
    }

    /// Gives the ids of the root keys in the file; the first one wraps.
    #[must_use]
    pub fn root_key_ids(&self) -> Vec<String> {
        self.reload_if_changed();
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.roots.iter().map(|root| root.id.clone()).collect()
    }

    /// Makes a new random root key in a new file, mode 0600; an existing file is left as it is.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file can't be written.
    pub fn create(path: &Path) -> Result<(), CryptoError> {
        let root = Root::generate()?;
        write_new(path, &root).map_err(|error| refuse(path, &format!("can't be written: {error}")))
    }

    /// Puts a new random root key before those of the file: it wraps from now on, in every process that has the file.
    /// Gives its id.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file can't be read or written.
    pub fn rotate(path: &Path) -> Result<String, CryptoError> {
        let _lock = lock(path)?;
        let mut roots = Loaded::read(path)?.roots;
        let root = Root::generate()?;
        let id = root.id.clone();
        roots.insert(0, Arc::new(root));
        replace(path, &roots).map_err(|error| refuse(path, &format!("can't be written: {error}")))?;
        Ok(id)
    }

    /// Destroys these root keys of the file. The first one stays in any case. Gives the ids of those that are gone.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file can't be read or written.
    pub fn destroy(path: &Path, unused: &[String]) -> Result<Vec<String>, CryptoError> {
        let _lock = lock(path)?;
        let roots = Loaded::read(path)?.roots;
        let active = roots.first().map(|root| root.id.clone());
        let is_kept = |root: &Arc<Root>| active.as_ref() == Some(&root.id) || !unused.contains(&root.id);
        let (kept, gone): (Vec<_>, Vec<_>) = roots.into_iter().partition(is_kept);
        if !gone.is_empty() {
            replace(path, &kept).map_err(|error| refuse(path, &format!("can't be written: {error}")))?;
        }
        Ok(gone.iter().map(|root| root.id.clone()).collect())
    }

    /// Reads the file again if it has changed. One that can't be read now is said, and the keys of before stay.
    fn reload_if_changed(&self) {
        let version = version_of(&self.path);
        let is_same = self.loaded.read().unwrap_or_else(PoisonError::into_inner).version == version;
        if is_same {
            return;
        }
        match Loaded::read(&self.path) {
            Ok(loaded) => *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded,
            Err(error) => tracing::error!(%error, "the root key file has changed and can't be used"),
        }
    }

    fn active(&self) -> Option<Arc<Root>> {
        self.reload_if_changed();
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).roots.first().cloned()
    }

    fn find(&self, id: &str) -> Option<Arc<Root>> {
        self.reload_if_changed();
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.roots.iter().find(|root| root.id == id).cloned()
    }
}

#[async_trait]
impl Kms for LocalKms {
    fn key_id(&self) -> String {
        self.active().map_or_else(String::new, |root| root.id.clone())
    }

    fn holds(&self, key_id: &str) -> bool {
        self.find(key_id).is_some()
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        let root = self.active().ok_or(KmsError::Refused)?;
        let wrapped = root.key.seal(1, &bind(&root.id, context), key);
        Ok(WrappedKey { key_id: root.id.clone(), bytes: wrapped.map_err(|error| KmsError::Unavailable(error.into()))? })
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let root = self.find(key_id).ok_or(KmsError::Refused)?;
        root.key.open(&bind(&root.id, context), wrapped).map_err(|_| KmsError::Refused)
    }
}

impl Root {
    fn generate() -> Result<Self, CryptoError> {
        let key = SecretKey::generate()?;
        Ok(Self { id: derive_id(&key)?, key })
    }

    fn parse(id: &str, key: &str) -> Result<Self, CryptoError> {
        let id = id.strip_prefix("id ").ok_or(CryptoError::Corrupt)?;
        let key = key.strip_prefix("key ").ok_or(CryptoError::Corrupt)?;
        let key = Zeroizing::new(hex::decode(key).map_err(|_| CryptoError::Corrupt)?);
        let key = SecretKey::from_bytes(&key)?;
        if id != derive_id(&key)? {
            return Err(CryptoError::Corrupt);
        }
        Ok(Self { id: id.to_owned(), key })
    }
}

impl Loaded {
    fn read(path: &Path) -> Result<Self, CryptoError> {
        // Before the file: a change in between is seen the next time.
        let version = version_of(path);
        let text = private_file::read(path).map_err(|error| refuse(path, &format!("can't be read: {error}")))?;
        let roots = Self::parse(&text).map_err(|_| {
            refuse(path, "is not a root key file or was changed; restore it from your backup, nothing opens without it")
        })?;
        Ok(Self { roots, version })
    }

    fn parse(text: &str) -> Result<Vec<Arc<Root>>, CryptoError> {
        let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.starts_with('#')).collect();
        let (title, keys) = lines.split_first().ok_or(CryptoError::Corrupt)?;
        let (pairs, rest) = keys.as_chunks::<2>();
        let is_known = *title == TITLE || (*title == FIRST_TITLE && pairs.len() == 1);
        if !is_known || pairs.is_empty() || !rest.is_empty() {
            return Err(CryptoError::Corrupt);
        }
        pairs.iter().map(|[id, key]| Root::parse(id, key).map(Arc::new)).collect()
    }
}

fn version_of(path: &Path) -> Option<FileVersion> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino(), metadata.len(), metadata.modified().ok()?))
}

/// Lets nobody else change the file until it is dropped: its folder is locked, since the file itself is replaced.
fn lock(path: &Path) -> Result<File, CryptoError> {
    let folder = File::open(folder_of(path)).and_then(|folder| {
        folder.lock()?;
        Ok(folder)
    });
    folder.map_err(|error| refuse(path, &format!("can't be kept from others who change it: {error}")))
}

/// Gives the id of a key: a fingerprint, so that a changed key file is noticed before anything is sealed with it.
fn derive_id(key: &SecretKey) -> Result<String, CryptoError> {
    let fingerprint = key.derive(&[], b"untxt root key id")?;
    Ok(format!("local-{}", hex::encode(&fingerprint.as_bytes()[..8])))
}

/// Writes a whole file or nothing, and never over another one.
fn write_new(path: &Path, root: &Root) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    match write_beside(path, [root])?.persist_noclobber(path) {
        Ok(_) => File::open(folder_of(path))?.sync_all(),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

/// Writes a whole file in the place of the one that is there, for the same user: whoever runs this may be another one.
fn replace(path: &Path, roots: &[Arc<Root>]) -> io::Result<()> {
    let (before, file) = (fs::metadata(path)?, write_beside(path, roots.iter().map(Arc::as_ref))?);
    let owner = file.as_file().metadata()?;
    if (owner.uid(), owner.gid()) != (before.uid(), before.gid()) {
        fchown(file.as_file(), Some(before.uid()), Some(before.gid()))?;
    }
    file.persist(path)?;
    File::open(folder_of(path))?.sync_all()
}

fn write_beside<'a>(path: &Path, roots: impl IntoIterator<Item = &'a Root>) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".root-key-")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(folder_of(path))?;
    writeln!(file, "{TITLE}")?;
    for Root { id, key } in roots {
        let key = Zeroizing::new(hex::encode(key.as_bytes()));
        let pair = Zeroizing::new(format!("id {id}\nkey {}\n", key.as_str()));
        file.write_all(pair.as_bytes())?;
    }
    writeln!(file, "# Keep a copy in a safe: without these keys no document opens again.")?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn refuse(path: &Path, reason: &str) -> CryptoError {
    CryptoError::KeyFile(format!("the root key file {} {reason}", path.display()))
}
