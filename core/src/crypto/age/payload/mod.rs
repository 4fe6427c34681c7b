//! What follows the header: a nonce, then chunks of 64 KiB, each sealed with its number and whether it is the last.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{self, BufRead, Read, Write},
};

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use super::{
    AgeError, Identity, Recipient,
    header::{FileKey, fill},
};

const CHUNK_LEN: usize = 64 << 10;
const TAG_LEN: usize = 16;
const SALT_LEN: usize = 16;

/// The key of one file and the position in it.
struct Chunks {
    cipher: LessSafeKey,
    number: u64,
}

impl Chunks {
    /// Gives the nonce of the next chunk: its number (88 bits, big endian), then 1 for the last.
    fn next_nonce(&mut self, is_last: bool) -> io::Result<Nonce> {
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.number = self.number.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// Seals what is written into it. Without [`Self::finish`] the file counts as cut off.
pub struct SealingWriter<W: Write> {
    output: W,
    chunks: Chunks,
    /// Plaintext of the chunk that is being filled. It is sealed only when more follows or the file ends.
    pending: Zeroizing<Vec<u8>>,
    /// A chunk was not written, or in part: nothing can follow it.
    is_broken: bool,
}

impl<W: Write> fmt::Debug for SealingWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingWriter").field("chunk", &self.chunks.number).finish_non_exhaustive()
    }
}

impl<W: Write> SealingWriter<W> {
    /// Begins a file for these recipients, each of whom can open it alone.
    ///
    /// # Errors
    /// [`AgeError::Key`] without recipients, [`AgeError::Io`].
    pub fn new(recipients: &[Recipient], mut output: W) -> Result<Self, AgeError> {
        let key = FileKey::write_header(recipients, &mut output)?;
        let mut salt = [0; SALT_LEN];
        fill(&mut salt)?;
        output.write_all(&salt)?;
        let chunks = Chunks { cipher: key.payload_cipher(&salt)?, number: 0 };
        let pending = Zeroizing::new(Vec::with_capacity(CHUNK_LEN + TAG_LEN));
        Ok(Self { output, chunks, pending, is_broken: false })
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// When the last chunk can't be written, or one before it could not.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_pending(true)?;
        Ok(self.output)
    }

    fn seal_pending(&mut self, is_last: bool) -> io::Result<()> {
        if std::mem::replace(&mut self.is_broken, true) {
            return Err(io::Error::other("a chunk before this one could not be written"));
        }
        let nonce = self.chunks.next_nonce(is_last)?;
        self.chunks
            .cipher
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut *self.pending)
            .map_err(|_| io::ErrorKind::InvalidInput)?;
        self.output.write_all(&self.pending)?;
        self.pending.clear();
        self.is_broken = false;
        Ok(())
    }
}

impl<W: Write> Write for SealingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.is_broken || self.pending.len() == CHUNK_LEN {
            self.seal_pending(false)?;
        }
        let taken = bytes.len().min(CHUNK_LEN - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Opens a file while it is read. Nothing is given before its chunk is verified; a file that was cut off ends with an
/// error of kind `InvalidData`. After an error every read gives one.
pub struct OpeningReader<R: BufRead> {
    input: R,
    chunks: Chunks,
    /// The opened chunk, and how much of it was given.
    chunk: Zeroizing<Vec<u8>>,
    given: usize,
    is_ended: bool,
    is_broken: bool,
}

impl<R: BufRead> fmt::Debug for OpeningReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningReader").field("chunk", &self.chunks.number).finish_non_exhaustive()
    }
}

impl<R: BufRead> OpeningReader<R> {
    /// Opens the header of a file.
    ///
    /// # Errors
    /// [`AgeError::NotForUs`], [`AgeError::Corrupt`], [`AgeError::Io`].
    pub fn new(identities: &[Identity], mut input: R) -> Result<Self, AgeError> {
        let key = FileKey::read_header(identities, &mut input)?;
        let mut salt = [0; SALT_LEN];
        input.read_exact(&mut salt).map_err(|_| AgeError::Corrupt)?;
        let chunks = Chunks { cipher: key.payload_cipher(&salt)?, number: 0 };
        let chunk = Zeroizing::new(Vec::with_capacity(CHUNK_LEN + TAG_LEN));
        Ok(Self { input, chunks, chunk, given: 0, is_ended: false, is_broken: false })
    }

    /// Gives what it reads from.
    pub const fn input(&self) -> &R {
        &self.input
    }

    /// Reads and opens the next chunk.
    fn open_next(&mut self) -> io::Result<()> {
        self.chunk.clear();
        self.given = 0;
        let full = u64::try_from(CHUNK_LEN + TAG_LEN).map_err(io::Error::other)?;
        (&mut self.input).take(full).read_to_end(&mut self.chunk)?;
        let is_last = self.is_input_at_end()?;
        let is_first = self.chunks.number == 0;
        let nonce = self.chunks.next_nonce(is_last)?;
        let opened = self.chunks.cipher.open_in_place(nonce, Aad::empty(), &mut self.chunk).map_err(|_| changed())?;
        let length = opened.len();
        // Only an empty file has an empty chunk.
        if length == 0 && !is_first {
            return Err(changed());
        }
        self.chunk.truncate(length);
        self.is_ended = is_last;
        Ok(())
    }

    fn is_input_at_end(&mut self) -> io::Result<bool> {
        loop {
            match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                filled => return Ok(filled?.is_empty()),
            }
        }
    }
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, AgeError::Corrupt)
}

impl<R: BufRead> Read for OpeningReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_broken {
            return Err(changed());
        }
        if self.given == self.chunk.len() && !self.is_ended {
            // What is in the chunk after an error was never verified.
            self.open_next().inspect_err(|_| self.is_broken = true)?;
        }
        let rest = &self.chunk[self.given..];
        let taken = rest.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&rest[..taken]);
        self.given += taken;
        Ok(taken)
    }
}
