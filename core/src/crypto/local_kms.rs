use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{CryptoError, Kms, KmsError, aead::SecretKey, context::length_prefixed};

/// First line of a key file.
const TITLE: &str = "untxt root key, version 1";
/// More than any key file has.
const MAX_FILE_BYTES: usize = 4096;

/// A root key in a file that only this user can read (mode 0600).
#[derive(Debug)]
pub struct LocalKms {
    key: SecretKey,
    id: String,
}

impl LocalKms {
    /// Reads the root key.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file is missing, malformed or readable by others.
    pub fn open(path: &Path) -> Result<Self, CryptoError> {
        let text = read_private(path)?;
        Self::parse(&text).map_err(|_| {
            refuse(path, "is not a root key file or was changed; restore it from your backup, nothing opens without it")
        })
    }

    /// Makes a new random root key in a new file, mode 0600; an existing file is left as it is.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] when the file can't be written.
    pub fn create(path: &Path) -> Result<(), CryptoError> {
        let key = SecretKey::generate()?;
        write_new(path, &key).map_err(|error| refuse(path, &format!("can't be written: {error}")))
    }

    fn parse(text: &str) -> Result<Self, CryptoError> {
        let mut lines = text.lines().map(str::trim_end).filter(|line| !line.starts_with('#'));
        let (title, id, key) = (lines.next(), lines.next(), lines.next());
        let (Some(TITLE), Some(id), Some(key), None) = (title, id, key, lines.next()) else {
            return Err(CryptoError::Corrupt);
        };
        let (id, key) = (id.strip_prefix("id "), key.strip_prefix("key "));
        let (id, key) = (id.ok_or(CryptoError::Corrupt)?, key.ok_or(CryptoError::Corrupt)?);
        let key = Zeroizing::new(hex::decode(key).map_err(|_| CryptoError::Corrupt)?);
        let key = SecretKey::from_bytes(&key)?;
        if id != derive_id(&key)? {
            return Err(CryptoError::Corrupt);
        }
        Ok(Self { key, id: id.to_owned() })
    }

    fn associated_data(&self, context: &[u8]) -> Vec<u8> {
        length_prefixed(&[b"untxt root wrap", self.id.as_bytes(), context])
    }
}

#[async_trait]
impl Kms for LocalKms {
    fn key_id(&self) -> &str {
        &self.id
    }

    async fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, KmsError> {
        self.key.seal(1, &self.associated_data(context), key).map_err(|error| KmsError::Unavailable(error.into()))
    }

    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.key.open(&self.associated_data(context), wrapped).map_err(|_| KmsError::Refused)
    }
}

/// Gives the id of a key: a fingerprint, so that a changed key file is noticed before anything is sealed with it.
fn derive_id(key: &SecretKey) -> Result<String, CryptoError> {
    let fingerprint = key.derive(&[], b"untxt root key id")?;
    Ok(format!("local-{}", hex::encode(&fingerprint.as_bytes()[..8])))
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, CryptoError> {
    let mut file = File::open(path).map_err(|error| refuse(path, &format!("can't be read: {error}")))?;
    let metadata = file.metadata().map_err(|error| refuse(path, &format!("can't be read: {error}")))?;
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(refuse(
            path,
            &format!("has mode {:04o}, so others can reach it; run chmod 600 on it", mode & 0o7777),
        ));
    }
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES as u64 {
        return Err(refuse(path, "is not a root key file"));
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_BYTES));
    file.read_to_string(&mut text).map_err(|error| refuse(path, &format!("can't be read: {error}")))?;
    Ok(text)
}

/// Writes a whole file or nothing, and never over another one.
fn write_new(path: &Path, key: &SecretKey) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.try_exists()? {
        return Ok(());
    }
    let id = derive_id(key).map_err(io::Error::other)?;
    let hex = Zeroizing::new(hex::encode(key.as_bytes()));
    let text = Zeroizing::new(format!(
        "{TITLE}\nid {id}\nkey {}\n# Keep a copy in a safe: without this key no document opens again.\n",
        hex.as_str()
    ));
    let mut file = tempfile::Builder::new()
        .prefix(".root-key-")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(folder)?.sync_all(),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

fn refuse(path: &Path, reason: &str) -> CryptoError {
    CryptoError::KeyFile(format!("the root key file {} {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_wrapped_is_unwrapped_with_the_same_context_only() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("root.key");
        LocalKms::create(&path).expect("made");
        let before = fs::read(&path).expect("file");
        LocalKms::create(&path).expect("left alone");
        assert_eq!(fs::read(&path).expect("file"), before);
        assert_eq!(fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1);

        let kms = LocalKms::open(&path).expect("opened");
        let wrapped = kms.wrap(&[9; 32], b"a").await.expect("wrapped");
        let again = LocalKms::open(&path).expect("opened");
        assert_eq!(again.key_id(), kms.key_id());
        assert_eq!(again.unwrap(&wrapped, b"a").await.expect("unwrapped").as_slice(), [9; 32]);
        assert!(matches!(again.unwrap(&wrapped, b"b").await, Err(KmsError::Refused)));
    }

    #[test]
    fn files_that_others_can_reach_or_that_changed_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("root.key");
        let refusal = |path: &Path| LocalKms::open(path).expect_err("refused").to_string();
        assert!(refusal(&path).contains("can't be read"));
        LocalKms::create(&path).expect("made");
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
            assert!(refusal(&path).contains("chmod 600"), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
        let text = fs::read_to_string(&path).expect("file");
        let key_line = text.find("\nkey ").expect("line");
        let mut changed = text.lines().map(str::to_owned).collect::<Vec<_>>();
        changed[2] = format!("key {}", "0".repeat(64));
        for bad in
            [changed.join("\n"), String::new(), text[..key_line].to_owned(), text.replace("version 1", "version 2")]
        {
            fs::write(&path, bad).expect("written");
            assert!(refusal(&path).contains("was changed"));
        }
        assert!(refusal(folder.path()).contains("mode"), "a folder is refused");
    }

    #[test]
    fn nothing_of_the_key_is_printed() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("root.key");
        LocalKms::create(&path).expect("made");
        let kms = LocalKms::open(&path).expect("opened");
        assert!(!format!("{kms:?}").contains(&hex::encode(kms.key.as_bytes())));
        assert!(format!("{kms:?}").contains("SecretKey(..)"));
    }
}
