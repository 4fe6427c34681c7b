//! What a backup says about itself; sealed for its recipients.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};
use untxt_core::{
    crypto::{
        IndexWrapping, KeyState, WrappedOwnerKey,
        age::{Identity, Recipient},
    },
    domain::OwnerId,
    storage::ObjectKey,
};
use untxt_database::backup::{Layout, Sequence};

use super::{
    files::{Hash, Sums},
    sealed::{OpenedFile, SealedFile},
};

pub(super) const FILE: &str = "manifest.age";
pub(super) const OBJECTS: &str = "objects.age";
/// What is left of shredded documents, for imports of older backups; those of before have none.
pub(super) const RECEIPTS: &str = "receipts.age";
const FORMAT: u32 = 1;

/// A backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// Version of the UNTXT that wrote it.
    pub(super) untxt: String,
    /// Time of the snapshot by the clock of the database, as in the name of the backup.
    pub(super) taken_at: String,
    pub(super) layout: Layout,
    pub(super) sequences: Vec<Sequence>,
    /// The rows of each table, in the order of the layout.
    pub(super) rows: Vec<Rows>,
    pub(super) objects: u64,
    pub(super) object_bytes: u64,
    /// Objects that rows speak of and that the store did not have.
    pub(super) missing: Vec<String>,
    /// One owner key, wrapped, of each root key.
    pub(super) owner_keys: Vec<OwnerKey>,
}

/// The rows of a table as they were read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Rows {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// A wrapped owner key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OwnerKey {
    owner: OwnerId,
    version: u32,
    kms_key_id: String,
    wrapped: String,
    wrapped_index_key: String,
    /// Backups of the first versions say neither.
    #[serde(default = "by_root")]
    index_wrapped_by: String,
    #[serde(default = "first")]
    index_generation: u32,
    /// Backups of before there were tag keys don't say them.
    #[serde(default)]
    wrapped_tag_key: String,
    #[serde(default = "first")]
    tag_generation: u32,
}

fn by_root() -> String {
    IndexWrapping::Root.as_str().to_owned()
}

const fn first() -> u32 {
    1
}

impl Manifest {
    pub(super) fn new(taken_at: String, layout: Layout, sequences: Vec<Sequence>) -> Self {
        let untxt = env!("CARGO_PKG_VERSION").to_owned();
        let (rows, missing, owner_keys) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            format: FORMAT,
            untxt,
            taken_at,
            layout,
            sequences,
            rows,
            objects: 0,
            object_bytes: 0,
            missing,
            owner_keys,
        }
    }

    /// Writes it, sealed. It blocks.
    pub(super) fn write(&self, folder: &Path, recipients: &[Recipient], sums: &mut Sums) -> anyhow::Result<()> {
        let mut file = SealedFile::create(&folder.join(FILE), recipients)?;
        file.write(&serde_json::to_vec_pretty(self)?)?;
        sums.add(FILE, file.finish()?.file_hash);
        Ok(())
    }

    /// Opens it. It blocks.
    pub(super) fn read(folder: &Path, hash: Hash, identities: &[Identity]) -> anyhow::Result<Self> {
        let json = OpenedFile::open(&folder.join(FILE), hash, identities)?.read_to_end()?;
        let manifest: Self = serde_json::from_slice(&json).context("the manifest can't be understood")?;
        if manifest.format != FORMAT {
            bail!("this backup was written by another version of UNTXT ({}); use that one", manifest.untxt);
        }
        if manifest.rows.len() != manifest.layout.tables.len() {
            bail!("the manifest is damaged: tables and rows don't fit");
        }
        Ok(manifest)
    }
}

/// Gives the name of the file with the rows of a table.
pub(super) fn rows_file(table: &str) -> String {
    format!("rows-{table}.age")
}

impl From<&WrappedOwnerKey> for OwnerKey {
    fn from(key: &WrappedOwnerKey) -> Self {
        Self {
            owner: key.owner,
            version: key.version,
            kms_key_id: key.kms_key_id.clone(),
            wrapped: hex::encode(&key.wrapped),
            wrapped_index_key: hex::encode(&key.wrapped_index_key),
            index_wrapped_by: key.index_wrapping.as_str().to_owned(),
            index_generation: key.index_generation,
            wrapped_tag_key: hex::encode(&key.wrapped_tag_key),
            tag_generation: key.tag_generation,
        }
    }
}

impl TryFrom<&OwnerKey> for WrappedOwnerKey {
    type Error = anyhow::Error;

    fn try_from(key: &OwnerKey) -> anyhow::Result<Self> {
        let damaged = || anyhow!("a key in the manifest is damaged");
        let bytes = |text: &str| hex::decode(text).map_err(|_| damaged());
        Ok(Self {
            owner: key.owner,
            version: key.version,
            kms_key_id: key.kms_key_id.clone(),
            wrapped: bytes(&key.wrapped)?,
            wrapped_index_key: bytes(&key.wrapped_index_key)?,
            // Only to see whether it opens.
            state: KeyState::Retired,
            index_wrapping: key.index_wrapped_by.parse().map_err(|_| damaged())?,
            index_generation: key.index_generation,
            wrapped_tag_key: bytes(&key.wrapped_tag_key)?,
            tag_generation: key.tag_generation,
        })
    }
}

/// An object of a backup: a line of the sealed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) key: ObjectKey,
    pub(super) hash: Hash,
    pub(super) size_bytes: u64,
}

impl Listed {
    /// Writes it as a line.
    pub(super) fn to_line(self) -> String {
        format!("{} {} {}\n", self.hash.to_hex(), self.size_bytes, self.key)
    }

    /// Reads a line.
    pub(super) fn parse(line: &str) -> anyhow::Result<Self> {
        parse(line).context("the list of objects is damaged")
    }
}

fn parse(line: &str) -> Option<Listed> {
    let (hash, rest) = line.split_once(' ')?;
    let (size, key) = rest.split_once(' ')?;
    Some(Listed { key: key.parse().ok()?, hash: Hash::from_hex(hash)?, size_bytes: size.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use untxt_core::domain::{DocumentId, PageNumber, TaskId};

    use super::*;

    #[test]
    fn every_kind_of_object_is_listed_and_read_back() {
        let (document, task) = (DocumentId::generate(), TaskId::generate());
        for key in [
            ObjectKey::Original(document),
            ObjectKey::PageImage(document, task, PageNumber::from_index(6), 2),
            ObjectKey::SearchablePdf(document, task, 1),
        ] {
            let listed = Listed { key, hash: Hash::of(b"-"), size_bytes: 7 };
            assert_eq!(Listed::parse(listed.to_line().trim_end()).expect("read"), listed);
        }
        assert!(Listed::parse("x").is_err());
    }
}
