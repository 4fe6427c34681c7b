use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use zeroize::Zeroizing;

/// Longer than any key file, token, PIN or service account.
const MAX_BYTES: usize = 64 << 10;

/// Reads a secret from a file that only its owner can reach (mode 0600 or 0400), without the line break at its end.
///
/// # Errors
/// When it can't be read, is no short text, or others can reach it; the message says what to do.
pub(crate) fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        let reason = format!("it has mode {:04o}, so others can reach it; run chmod 600 on it", mode & 0o7777);
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    if !metadata.is_file() || metadata.len() > MAX_BYTES as u64 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no short file of text"));
    }
    // Room for all of it at once, so that no copy is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(MAX_BYTES + 1));
    file.by_ref().take(MAX_BYTES as u64).read_to_string(&mut text)?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}
