//! The seal of a backup: the hash of its list of hashes, sealed with the root key. It shows that whoever wrote the backup
//! held the root key, that nothing was changed since, and, before anything is restored, that the root key is the same.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use untxt_core::crypto::{KeyContext, Kms, KmsError};

use super::files::{self, Hash, Sums};

pub(super) const FILE: &str = "seal.json";
pub(super) const SUMS: &str = "SHA256SUMS";

#[derive(Serialize, Deserialize)]
struct Seal {
    format: u32,
    /// The root key that sealed it.
    key_id: String,
    sealed: String,
}

/// Writes the list of hashes and its seal.
pub(super) async fn write(kms: &dyn Kms, folder: &Path, sums: &Sums) -> anyhow::Result<()> {
    let text = sums.to_text();
    files::write(&folder.join(SUMS), text.as_bytes())?;
    let sealed = kms.wrap(&Hash::of(text.as_bytes()).0, &KeyContext::Backup).await?;
    let seal = Seal { format: 1, key_id: sealed.key_id, sealed: hex::encode(sealed.bytes) };
    files::write(&folder.join(FILE), serde_json::to_string_pretty(&seal)?.as_bytes())
}

/// Reads the list of hashes without asking who wrote it.
pub(super) fn read_unchecked(folder: &Path) -> anyhow::Result<Sums> {
    parse(&read(folder, SUMS)?, folder)
}

/// Reads the list of hashes, refusing one that was changed or that belongs to another root key.
pub(super) async fn read_checked(services: &[Arc<dyn Kms>], folder: &Path) -> anyhow::Result<Sums> {
    let seal: Seal = serde_json::from_str(&read(folder, FILE)?)
        .with_context(|| format!("{} is damaged", folder.join(FILE).display()))?;
    if seal.format != 1 {
        bail!("this backup is of another version of UNTXT; use that one");
    }
    let Some(kms) = services.iter().find(|kms| kms.holds(&seal.key_id)) else {
        bail!(
            "this backup belongs to the root key {}, and the one here is {}: put the right one in its place",
            seal.key_id,
            services.first().map_or_else(|| "none".to_owned(), |kms| kms.key_id())
        );
    };
    let text = read(folder, SUMS)?;
    let sealed = hex::decode(&seal.sealed).with_context(|| format!("{} is damaged", folder.join(FILE).display()))?;
    match kms.unwrap(&seal.key_id, &sealed, &KeyContext::Backup).await {
        Ok(hash) if *hash == Hash::of(text.as_bytes()).0 => parse(&text, folder),
        Ok(_) | Err(KmsError::Refused) => {
            bail!("{} does not fit its seal: it was changed after the backup", folder.join(SUMS).display())
        }
        Err(error) => Err(error.into()),
    }
}

fn read(folder: &Path, name: &str) -> anyhow::Result<String> {
    let path = folder.join(name);
    fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))
}

fn parse(text: &str, folder: &Path) -> anyhow::Result<Sums> {
    Sums::parse(text).with_context(|| format!("{} can't be read", folder.join(SUMS).display()))
}

#[cfg(test)]
mod tests {
    use untxt_core::crypto::LocalKms;

    use super::*;

    fn a_key(folder: &Path, name: &str) -> [Arc<dyn Kms>; 1] {
        let path = folder.join(name);
        LocalKms::create(&path).expect("made");
        [Arc::new(LocalKms::open(&path).expect("opened"))]
    }

    #[tokio::test]
    async fn a_seal_fits_one_list_and_one_root_key() {
        let at = tempfile::tempdir().expect("a folder");
        let (key, other) = (a_key(at.path(), "key"), a_key(at.path(), "other"));
        let mut sums = Sums::default();
        sums.add("manifest.age", Hash::of(b"-"));
        write(key[0].as_ref(), at.path(), &sums).await.expect("written");
        assert_eq!(read_checked(&key, at.path()).await.expect("checked").0, sums.0);
        let error = read_checked(&other, at.path()).await.expect_err("another key").to_string();
        assert!(error.contains(&key[0].key_id()) && error.contains(&other[0].key_id()), "{error}");
        sums.add("objects.age", Hash::of(b"forged"));
        fs::write(at.path().join(SUMS), sums.to_text()).expect("written");
        let error = read_checked(&key, at.path()).await.expect_err("changed").to_string();
        assert!(error.contains("does not fit its seal"), "{error}");
    }
}
