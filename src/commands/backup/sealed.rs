//! Files of a backup that are sealed for its recipients.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
};

use anyhow::Context;
use untxt_core::crypto::age::{AgeError, Identity, OpeningReader, Recipient, SealingWriter};

use super::files::{self, Hash, Hasher, Hashing, HashingFile, create};

/// How much is opened at once.
const PIECE_LEN: usize = 256 << 10;

/// A file that is being written. Its methods block; call them where that may be.
pub(super) struct SealedFile {
    writer: SealingWriter<Hashing<BufWriter<File>>>,
    plain: Hasher,
}

/// A written file: what it says and what it is.
pub(super) struct Written {
    pub(super) plain_hash: Hash,
    pub(super) plain_bytes: u64,
    pub(super) file_hash: Hash,
}

impl SealedFile {
    pub(super) fn create(path: &Path, recipients: &[Recipient]) -> anyhow::Result<Self> {
        let file = create(path).with_context(|| format!("{} can't be written", path.display()))?;
        let writer = SealingWriter::new(recipients, Hashing::new(BufWriter::with_capacity(PIECE_LEN, file)))?;
        Ok(Self { writer, plain: Hasher::default() })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.plain.add(bytes);
        self.writer.write_all(bytes).context("the backup can't be written")
    }

    /// Ends the file, durable.
    pub(super) fn finish(self) -> anyhow::Result<Written> {
        let (plain_hash, plain_bytes) = self.plain.finish();
        let (buffered, file_hash, _) = self.writer.finish().context("the backup can't be written")?.finish();
        let file = buffered.into_inner().map_err(|error| error.into_error()).context("the backup can't be written")?;
        file.sync_all().context("the backup can't be made durable")?;
        Ok(Written { plain_hash, plain_bytes, file_hash })
    }
}

/// A file that is being read, once: what it gives and what is hashed are the same bytes. It is whole when its end has
/// come without an error.
pub(super) struct OpenedFile {
    reader: OpeningReader<BufReader<HashingFile>>,
    wanted: Hash,
    name: String,
    piece: Vec<u8>,
}

impl OpenedFile {
    pub(super) fn open(path: &Path, wanted: Hash, identities: &[Identity]) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let reader = match OpeningReader::new(identities, files::open(path)?) {
            Ok(reader) => reader,
            Err(AgeError::NotForUs) => anyhow::bail!("this identity does not open the backup: it was made for another"),
            Err(error) => return Err(error).with_context(|| format!("{name} can't be opened")),
        };
        Ok(Self { reader, wanted, name, piece: vec![0; PIECE_LEN] })
    }

    /// Gives the next bytes, none at the end of a file with the right hash. It blocks.
    pub(super) fn next(&mut self) -> anyhow::Result<&[u8]> {
        let length = self.reader.read(&mut self.piece).with_context(|| format!("{} can't be opened", self.name))?;
        if length == 0 && self.reader.input().get_ref().hash() != self.wanted {
            return Err(files::damaged(&self.name));
        }
        Ok(&self.piece[..length])
    }

    /// Gives all of a file with the right hash. It blocks.
    pub(super) fn read_to_end(mut self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                [] => return Ok(bytes),
                piece => bytes.extend_from_slice(piece),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_sealed_by_somebody_else_is_not_taken_for_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = Identity::generate().expect("an identity");
        let write = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            let mut file = SealedFile::create(&path, &[identity.recipient()]).expect("created");
            file.write(text).expect("written");
            (path, file.finish().expect("finished").file_hash)
        };
        let identities = std::slice::from_ref(&identity);
        let (path, hash) = write("rows.age", b"ours");
        assert_eq!(OpenedFile::open(&path, hash, identities).expect("opened").read_to_end().expect("whole"), b"ours");
        // Anybody can seal for a recipient.
        let (forged, _) = write("forged.age", b"theirs");
        let error = OpenedFile::open(&forged, hash, identities).expect("opened").read_to_end().expect_err("forged");
        assert!(error.to_string().contains("forged.age is damaged"), "{error}");
    }
}
