use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
};

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// Last bytes of every file of the store. A file without them was cut off and is not an object.
const MAGIC: &[u8; 8] = b"UNTXTobj";
/// Length of the footer (u32, big endian) and [`MAGIC`].
const TAIL_LEN: usize = 4 + MAGIC.len();

/// What the store knows about an object or a part; written behind its bytes, so that both appear at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ObjectInfo {
    pub(super) key: String,
    /// Bytes of the object.
    pub(super) length: u64,
    pub(super) etag: String,
    /// Seconds since 1970.
    pub(super) modified: i64,
    /// CRC32 as the client sent it, in base64; for parts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) crc32: Option<String>,
    /// The upload that this object was completed from, so that completing twice answers the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) upload_id: Option<String>,
}

impl ObjectInfo {
    /// Ends a file that holds the object's bytes, and makes it durable.
    pub(super) fn seal(&self, mut file: &File) -> io::Result<()> {
        let footer = serde_json::to_vec(self)?;
        let length = u32::try_from(footer.len()).map_err(io::Error::other)?;
        file.write_all(&[&footer, length.to_be_bytes().as_slice(), MAGIC].concat())?;
        file.sync_all()
    }

    /// Reads the end of a file, refusing one that is not whole.
    pub(super) fn read(file: &File) -> io::Result<Self> {
        let file_len = file.metadata()?.len();
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "a file of the store is not whole");
        let mut tail = [0; TAIL_LEN];
        let tail_start = file_len.checked_sub(TAIL_LEN as u64).ok_or_else(broken)?;
        file.read_exact_at(&mut tail, tail_start)?;
        let (length, magic) = tail.split_first_chunk::<4>().ok_or_else(broken)?;
        let footer_len = u64::from(u32::from_be_bytes(*length));
        let start = tail_start.checked_sub(footer_len).ok_or_else(broken)?;
        if magic != MAGIC || footer_len > 1 << 16 {
            return Err(broken());
        }
        let mut footer = vec![0; usize::try_from(footer_len).map_err(io::Error::other)?];
        file.read_exact_at(&mut footer, start)?;
        let info: Self = serde_json::from_slice(&footer)?;
        if info.length == start { Ok(info) } else { Err(broken()) }
    }
}

/// Gives an entity tag from a SHA-256: half of it, as long as the MD5 that S3 clients know.
pub(super) fn entity_tag(hash: digest::Context) -> String {
    hex::encode(&hash.finish().as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_cut_off_is_no_object() {
        let mut file = tempfile::tempfile().expect("file");
        file.write_all(b"12345").expect("written");
        let info =
            ObjectInfo { key: "k".into(), length: 5, etag: "e".into(), modified: 1, crc32: None, upload_id: None };
        info.seal(&file).expect("sealed");
        assert_eq!(ObjectInfo::read(&file).expect("whole").key, "k");
        let length = file.metadata().expect("file").len();
        for cut in 0..length {
            file.set_len(cut).expect("cut");
            assert!(ObjectInfo::read(&file).is_err(), "{cut}");
        }
    }
}
