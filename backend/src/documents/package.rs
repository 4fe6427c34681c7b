use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use futures::{SinkExt, Stream, StreamExt, channel::mpsc};
use zip::{
    ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// From how many bytes on a file gets the wide numbers of ZIP64; less than the 4 GiB where it must, as deflating can grow it.
const WIDE: u64 = 1 << 30;
/// Scans are compressed already: little is won by trying hard.
const LEVEL: i64 = 1;

/// A zip that is sent while it is written: whoever reads slowly makes the writing slow.
pub(super) struct Package {
    zip: ZipWriter<StreamWriter<Outlet>>,
    outlet: Outlet,
    pieces: mpsc::Sender<Bytes>,
}

/// What was packed of one file, in clear.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) size_bytes: u64,
    pub(super) sha256: String,
}

/// Where the zip writes to, and where its bytes are taken from.
#[derive(Clone, Debug, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Package {
    pub(super) fn new(pieces: mpsc::Sender<Bytes>) -> Self {
        let outlet = Outlet::default();
        Self { zip: ZipWriter::new_stream(outlet.clone()), outlet, pieces }
    }

    /// Packs one file, piece by piece. `expected` is how long it is thought to be.
    ///
    /// # Errors
    /// When a piece can't be had, the path is there already, or nobody reads any more: then the whole is broken.
    pub(super) async fn add<E>(
        &mut self,
        path: &str,
        expected: u64,
        mut file: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> io::Result<Packed>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let options = SimpleFileOptions::default().compression_level(Some(LEVEL)).large_file(expected >= WIDE);
        self.zip.start_file(path, options)?;
        let (mut hash, mut size_bytes) = (Context::new(&SHA256), 0);
        while let Some(piece) = file.next().await {
            let piece = piece.map_err(io::Error::other)?;
            hash.update(&piece);
            size_bytes += piece.len() as u64;
            self.zip.write_all(&piece)?;
            self.send().await?;
        }
        Ok(Packed { size_bytes, sha256: hex::encode(hash.finish()) })
    }

    /// Writes the directory of the zip.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        let zip = mem::replace(&mut self.zip, ZipWriter::new_stream(Outlet::default()));
        zip.finish()?;
        self.send().await
    }

    async fn send(&mut self) -> io::Result<()> {
        let bytes = self.outlet.take();
        if bytes.is_empty() {
            return Ok(());
        }
        self.pieces.send(bytes.into()).await.map_err(io::Error::other)
    }
}

/// Makes a name that is good on every system, and leads to no other folder. It is no path, and may not be unique.
pub(super) fn safe_name(name: &str) -> String {
    const MAX_BYTES: usize = 150;
    let good = |c: char| !c.is_control() && !"/\\:*?\"<>|".contains(c) && !is_unseen(c);
    let mut safe = String::new();
    for c in name.chars().map(|c| if good(c) { c } else { '_' }) {
        if safe.len() + c.len_utf8() > MAX_BYTES {
            break;
        }
        safe.push(c);
    }
    safe.truncate(safe.trim_end_matches(['.', ' ']).len());
    safe
}

/// Says whether a character turns the text around it, or isn't seen at all.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_folder() {
        for (name, safe) in [
            ("größe.pdf", "größe.pdf"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("..", ""),
            ("C:\\a\0b. ", "C__a_b"),
            ("a\u{202e}fdp.exe", "a_fdp.exe"),
        ] {
            assert_eq!(safe_name(name), safe);
        }
        assert_eq!(safe_name(&"ä".repeat(200)).len(), 150);
    }
}
