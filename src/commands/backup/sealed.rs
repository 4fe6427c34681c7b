//! Files of a backup that are sealed for its recipients.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
};

use anyhow::Context;
use untxt_core::crypto::age::{AgeError, Identity, OpeningReader, Recipient, SealingWriter};

use super::files::{self, Hash, Hasher, Hashing, create};

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

/// A file that is being read.
pub(super) struct OpenedFile {
    reader: OpeningReader<BufReader<File>>,
    name: String,
    piece: Vec<u8>,
}

impl OpenedFile {
    pub(super) fn open(path: &Path, identities: &[Identity]) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let reader = match OpeningReader::new(identities, files::open(path)?) {
            Ok(reader) => reader,
            Err(AgeError::NotForUs) => anyhow::bail!("this identity does not open the backup: it was made for another"),
            Err(error) => return Err(error).with_context(|| format!("{name} can't be opened")),
        };
        Ok(Self { reader, name, piece: vec![0; PIECE_LEN] })
    }

    /// Gives the next bytes, none at the end. It blocks.
    pub(super) fn next(&mut self) -> anyhow::Result<&[u8]> {
        let length = self.reader.read(&mut self.piece).with_context(|| format!("{} can't be opened", self.name))?;
        Ok(&self.piece[..length])
    }

    /// Gives all of it. It blocks.
    pub(super) fn read_to_end(mut self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).with_context(|| format!("{} can't be opened", self.name))?;
        Ok(bytes)
    }
}
