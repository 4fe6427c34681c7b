//! The keys that open backups.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::Context;
use untxt_core::crypto::age::Identity;
use zeroize::Zeroizing;

use super::say;

/// Makes an identity in a new file, readable by this user only, as `age-keygen` does.
pub(super) fn create(path: &Path) -> anyhow::Result<()> {
    let identity = Identity::generate()?;
    let recipient = identity.recipient();
    let text = Zeroizing::new(format!(
        "# Opens backups of UNTXT, with `untxt import` or `age --decrypt`. Keep it where neither the server nor the backups are.\n\
         # public key: {recipient}\n{}\n",
        identity.reveal().as_str()
    ));
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .with_context(|| format!("{} can't be written", path.display()))?;
    say(&format!("recipient    {recipient}"));
    say(&format!("identity     {}   (keep it away from this server, and a copy of it in a safe)", path.display()));
    Ok(())
}

/// Reads the identities of a file.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Identity>> {
    let text = fs::read_to_string(path).with_context(|| format!("the identity {} can't be read", path.display()))?;
    Identity::read_all(&Zeroizing::new(text)).with_context(|| format!("the identity {} can't be used", path.display()))
}
