//! Bytes on the disk: hashed on their way, durable before they count.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use aws_lc_rs::digest::{self, SHA256};

/// How much is read at once.
const PIECE_LEN: usize = 256 << 10;

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hash(pub(super) [u8; 32]);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Hash {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.add(bytes);
        hasher.finish().0
    }

    pub(super) fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// Hash and length of what passes by.
#[derive(Clone)]
pub(super) struct Hasher {
    context: digest::Context,
    length: u64,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { context: digest::Context::new(&SHA256), length: 0 }
    }
}

impl Hasher {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.length += bytes.len() as u64;
    }

    pub(super) fn finish(self) -> (Hash, u64) {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.context.finish().as_ref());
        (Hash(hash), self.length)
    }
}

/// A writer that hashes.
pub(super) struct Hashing<W> {
    inner: W,
    hasher: Hasher,
}

impl<W: Write> Hashing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hasher: Hasher::default() }
    }

    pub(super) fn finish(self) -> (W, Hash, u64) {
        let (hash, length) = self.hasher.finish();
        (self.inner, hash, length)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A file that is hashed while it is read.
pub(super) struct HashingFile {
    file: File,
    hasher: Hasher,
}

impl HashingFile {
    /// Gives the hash of what was read.
    pub(super) fn hash(&self) -> Hash {
        self.hasher.clone().finish().0
    }
}

impl Read for HashingFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hasher.add(&buffer[..length]);
        Ok(length)
    }
}

/// Gives hash and length of a file; it blocks.
pub(super) fn hash_file(path: &Path) -> io::Result<(Hash, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::default();
    let mut piece = vec![0; PIECE_LEN];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            length => hasher.add(&piece[..length]),
        }
    }
}

/// Opens a file for reading.
pub(super) fn open(path: &Path) -> anyhow::Result<BufReader<HashingFile>> {
    let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
    Ok(BufReader::with_capacity(PIECE_LEN, HashingFile { file, hasher: Hasher::default() }))
}

/// Says that a file is not the one that was written.
pub(super) fn damaged(path: &impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{path} is damaged: its SHA-256 is not the one that was written down")
}

/// Writes a small file, durable.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = create(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.with_context(|| format!("{} can't be written", path.display()))
}

/// Makes a new file that only this user can read.
pub(super) fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.with_context(|| format!("{} can't be made durable", path.display()))
}

/// The hashes of all files of a backup, as `sha256sum --check` reads them from its folder.
#[derive(Debug, Default)]
pub(super) struct Sums(pub(super) Vec<(String, Hash)>);

impl Sums {
    pub(super) fn add(&mut self, path: impl Into<String>, hash: Hash) {
        self.0.push((path.into(), hash));
    }

    pub(super) fn to_text(&self) -> String {
        self.0.iter().map(|(path, hash)| format!("{}  {path}\n", hash.to_hex())).collect()
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let line = |line: &str| {
            let (hash, path) = line.split_once("  ")?;
            is_inside(path).then_some((path.to_owned(), Hash::from_hex(hash)?))
        };
        let sums: Option<Vec<_>> = text.lines().map(line).collect();
        match sums {
            Some(sums) => Ok(Self(sums)),
            None => bail!("the list of hashes is damaged"),
        }
    }

    /// Finds the hash of a file.
    pub(super) fn find(&self, path: &str) -> Option<Hash> {
        self.0.iter().find(|(known, _)| known == path).map(|(_, hash)| *hash)
    }
}

/// Says whether a path, from the folder of a backup, is that of one of its files or of an object.
fn is_inside(path: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains('/');
    match path.strip_prefix("../objects/") {
        Some(object) => object.split_once('/').is_some_and(|(shelf, name)| is_name(shelf) && is_name(name)),
        None => is_name(path),
    }
}

/// Checks a file against its hash; the error names the file.
pub(super) fn check(path: &Path, wanted: Hash) -> anyhow::Result<u64> {
    let (found, length) = hash_file(path).with_context(|| format!("{} can't be read", path.display()))?;
    if found == wanted { Ok(length) } else { Err(damaged(&path.display())) }
}

/// Checks many files, some at once; gives their length altogether, and those that are not whole.
pub(super) async fn check_all(
    files: Vec<(PathBuf, Hash)>,
    progress: &super::progress::Progress,
) -> anyhow::Result<Vec<anyhow::Error>> {
    use futures::{StreamExt, TryStreamExt};
    let checks = files.into_iter().map(|(path, hash)| async move {
        let checked = tokio::task::spawn_blocking(move || check(&path, hash)).await.context("a check was lost")?;
        progress.add(1, *checked.as_ref().unwrap_or(&0));
        anyhow::Ok(checked.err())
    });
    let found: Vec<_> = futures::stream::iter(checks).buffer_unordered(4).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_back_and_point_nowhere_else() {
        let mut sums = Sums::default();
        sums.add("manifest.age", Hash::of(b"1"));
        sums.add("../objects/ab/cd", Hash::of(b"2"));
        assert_eq!(Sums::parse(&sums.to_text()).expect("read").0, sums.0);
        let hash = Hash::of(b"3").to_hex();
        let odd =
            ["", "a", "é", ".", "..", ".x", "../objects/", "../objects/x", "../objects/../x", "../objects/ab/../x"];
        for path in ["/etc/passwd", "../../x", "a/b", "../objects/ab/c/d"].iter().chain(&odd[..1]).chain(&odd[3..]) {
            assert!(Sums::parse(&format!("{hash}  {path}\n")).is_err(), "{path}");
        }
        for path in &odd[1..3] {
            assert!(Sums::parse(&format!("{hash}  {path}\n")).is_ok(), "{path}");
        }
        assert!(Sums::parse("12  manifest.age\n").is_err());
    }

    #[test]
    fn a_changed_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.age");
        write(&path, b"whole").expect("written");
        check(&path, Hash::of(b"whole")).expect("whole");
        let error = check(&path, Hash::of(b"other")).expect_err("changed").to_string();
        assert!(error.contains("rows.age is damaged"), "{error}");
    }
}
