//! What follows the header: a nonce, then chunks of 64 KiB, each sealed with its number and whether it is the last.

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

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(recipients: &[Recipient], text: &[u8]) -> Vec<u8> {
        let mut writer = SealingWriter::new(recipients, Vec::new()).expect("begun");
        writer.write_all(text).expect("written");
        writer.finish().expect("finished")
    }

    fn open(identity: &Identity, sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
        let mut text = Vec::new();
        OpeningReader::new(std::slice::from_ref(identity), sealed)?.read_to_end(&mut text)?;
        Ok(text)
    }

    fn identity() -> Identity {
        Identity::generate().expect("an identity")
    }

    #[test]
    fn every_length_around_a_chunk_comes_back_to_each_recipient() {
        let (one, two, other) = (identity(), identity(), identity());
        for length in [0, 1, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 2 * CHUNK_LEN, 3 * CHUNK_LEN + 7] {
            let text: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).expect("byte")).collect();
            let sealed = seal(&[one.recipient(), two.recipient()], &text);
            assert!(open(&one, &sealed).expect("opened") == text, "{length}");
            assert!(open(&two, &sealed).expect("opened") == text, "{length}");
            assert!(matches!(open(&other, &sealed), Err(AgeError::NotForUs)), "{length}");
        }
    }

    #[test]
    fn every_byte_matters_and_so_does_the_end() {
        let one = identity();
        let sealed = seal(&[one.recipient()], b"a secret");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&one, &changed).is_err(), "byte {at}");
            assert!(open(&one, &sealed[..at]).is_err(), "cut at {at}");
        }
        assert!(open(&one, &[sealed.as_slice(), b"x"].concat()).is_err(), "longer");
        let long = seal(&[one.recipient()], &vec![7; 2 * CHUNK_LEN]);
        assert!(open(&one, &long[..long.len() - CHUNK_LEN - TAG_LEN]).is_err(), "without its last chunk");
    }

    #[test]
    fn after_an_error_nothing_is_given() {
        let one = identity();
        let mut sealed = seal(&[one.recipient()], &vec![7; 3 * CHUNK_LEN]);
        let second = sealed.len() - 2 * (CHUNK_LEN + TAG_LEN);
        sealed[second] ^= 1;
        let mut reader = OpeningReader::new(&[one], sealed.as_slice()).expect("begun");
        let mut piece = vec![0; CHUNK_LEN];
        reader.read_exact(&mut piece).expect("the first chunk is whole");
        for _ in 0..3 {
            let error = reader.read(&mut piece).expect_err("changed");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn after_an_error_nothing_is_taken() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = SealingWriter::new(&[identity().recipient()], Full(1000)).expect("begun");
        assert_eq!(writer.write_all(&vec![7; 2 * CHUNK_LEN]).expect_err("full").kind(), io::ErrorKind::StorageFull);
        assert!(writer.write(b"more").is_err());
        assert!(writer.finish().is_err());
    }

    #[test]
    fn an_identity_is_spelled_and_read_and_never_printed() {
        let one = identity();
        let file = format!("# created by a person\n\n{}\n", one.reveal().as_str());
        let again = Identity::read_all(&file).expect("read");
        assert_eq!(again[0].recipient(), one.recipient());
        assert_eq!(one.recipient().to_string().parse::<Recipient>().expect("read"), one.recipient());
        assert!(!format!("{one:?}").contains(one.reveal().as_str()));
        assert!(Identity::read_all("# nothing\n").is_err());
        let secret = one.reveal().parse::<Recipient>().expect_err("a secret is no recipient");
        assert!(secret.to_string().contains("which is secret"), "{secret}");
    }

    /// Made by rage's library (age 0.11.5), with a recipient of a kind that nobody knows in its header.
    #[test]
    fn a_file_of_another_program_opens() {
        let identity = Identity::read_all(include_str!("tests/identity.txt")).expect("an identity");
        let recipient = identity[0].recipient().to_string();
        assert_eq!(recipient, include_str!("tests/recipient.txt").trim());
        let text = open(&identity[0], include_bytes!("tests/sealed.age")).expect("opened");
        assert_eq!(text, b"sealed by another program\n");
    }
}
