//! Is everything as it should be after a migration? Keys and values are opened and forgotten; ids are told of those that
//! don't open.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, anyhow};
use untxt_core::{
    config::{Database, Settings},
    crypto::{CryptoError, DocumentKey, KeyRing, KeyState, connect},
    domain::OwnerId,
};
use untxt_database::{
    backup::{SealedDocument, Snapshot},
    migrate,
};

use super::show::say;

/// Documents that are opened unless all are.
const SAMPLE: u32 = 200;
/// Rows that are read at once.
const AT_ONCE: u32 = 200;
/// Pages that are in memory at once; each may have some megabytes.
const PAGES_AT_ONCE: u32 = 8;

/// Rows of each table.
pub(super) type Counts = BTreeMap<String, u64>;

/// Counts the rows of every table, in one moment.
pub(super) async fn count_rows(reader: &Database) -> anyhow::Result<Counts> {
    let mut snapshot = Snapshot::take(reader).await.context("the database can't be read")?;
    let mut counts = Counts::new();
    for table in snapshot.layout().await?.tables {
        counts.insert(table.name.clone(), snapshot.count(&table).await?);
    }
    snapshot.close().await?;
    Ok(counts)
}

/// Looks at everything; says whether all of it is as it should be.
pub(super) async fn run(
    settings: &Database,
    reader: &Settings,
    before: Option<&Counts>,
    all: bool,
) -> anyhow::Result<bool> {
    let is_same = compare_tables(settings).await?;
    let is_kept = match before {
        Some(before) => compare_rows(before, &count_rows(&reader.database).await?),
        None => true,
    };
    let mut opener = Opener {
        snapshot: Snapshot::take(&reader.database).await.context("the database can't be read")?,
        ring: KeyRing::new(connect(&reader.encryption)?),
        refused: 0,
    };
    opener.open_owner_keys().await?;
    opener.open_documents(all).await?;
    let refused = opener.refused;
    opener.snapshot.close().await?;
    Ok(is_same && is_kept && refused == 0)
}

async fn compare_tables(settings: &Database) -> anyhow::Result<bool> {
    let found = migrate::compare(settings).await.context("the tables can't be compared")?;
    // A function has many lines; the first has its name.
    let first = |line: &str| line.lines().next().unwrap_or_default().to_owned();
    for line in &found.missing {
        say(&format!("MISSING      {}", first(line)));
    }
    for line in &found.unexpected {
        say(&format!("UNEXPECTED   {}", first(line)));
    }
    if found.is_none() {
        say(&format!("tables       as in a new installation: {} things of the catalog", found.compared));
    }
    Ok(found.is_none())
}

fn compare_rows(before: &Counts, after: &Counts) -> bool {
    let count_of = |table: &str| after.get(table).copied().unwrap_or_default();
    let fewer: Vec<_> = before.iter().filter(|(table, count)| count_of(table) < **count).collect();
    for (table, count) in &fewer {
        say(&format!("FEWER ROWS   {table}: {count} before, {} now", count_of(table)));
    }
    if fewer.is_empty() {
        say(&format!("rows         {} in {} tables, none has fewer", before.values().sum::<u64>(), before.len()));
    }
    fewer.is_empty()
}

/// Opens what it finds in one moment of the database.
struct Opener {
    snapshot: Snapshot,
    ring: KeyRing,
    refused: u64,
}

impl Opener {
    async fn open_owner_keys(&mut self) -> anyhow::Result<()> {
        let (mut opened, mut names, mut last) = (0_u64, 0, None);
        loop {
            let keys = self.snapshot.owner_keys(last, AT_ONCE).await?;
            let Some(key) = keys.last() else { break };
            last = Some(key.owner);
            for key in keys.iter().filter(|key| key.state != KeyState::Destroyed) {
                match self.ring.open_owner_key(key).await {
                    Ok(_) => opened += 1,
                    Err(error) => {
                        self.refuse(&format!("version {} of the key of {}", key.version, key.owner), error)?;
                    }
                }
            }
            for owner in keys.iter().map(|key| key.owner).collect::<BTreeSet<_>>() {
                names += self.open_labels(owner).await?;
            }
        }
        say(&format!("owner keys   {opened} open, and {names} names of folders and tags"));
        Ok(())
    }

    /// Opens the names of an owner's folders and tags; gives how many opened.
    async fn open_labels(&mut self, owner: OwnerId) -> anyhow::Result<u64> {
        let Some(labels) = self.snapshot.labels(owner).await? else { return Ok(0) };
        let stored = self.snapshot.owner_key(owner, labels.key.owner_key_version).await?;
        let stored =
            stored.ok_or_else(|| anyhow!("the key of the names of {owner} hangs on an owner key that is not there"))?;
        let opened = self.ring.open_owner_key(&stored).await;
        let key = match opened.and_then(|owner_key| owner_key.open_label_key(&labels.key)) {
            Ok(key) => key,
            Err(error) => {
                self.refuse(&format!("the key of the names of {owner}"), error)?;
                return Ok(0);
            }
        };
        let folders =
            labels.folders.iter().map(|(id, name)| ("folder", id.to_string(), key.open_folder_name(*id, name)));
        let tags = labels.tags.iter().map(|(id, name)| ("tag", id.to_string(), key.open_tag_name(*id, name)));
        let mut names = 0;
        for (kind, id, name) in folders.chain(tags) {
            match name {
                Ok(_) => names += 1,
                Err(error) => self.refuse(&format!("the name of {kind} {id}"), error)?,
            }
        }
        Ok(names)
    }

    async fn open_documents(&mut self, all: bool) -> anyhow::Result<()> {
        let (mut documents, mut pages, mut last) = (0_u64, 0, None);
        loop {
            let some = match all {
                true => self.snapshot.documents(last, AT_ONCE).await?,
                false => self.snapshot.some_documents(SAMPLE).await?,
            };
            for document in &some {
                documents += 1;
                pages += self.open_document(document).await?;
            }
            last = some.last().map(|document| document.id);
            if last.is_none() || !all {
                break;
            }
        }
        let which = if all { "all" } else { "picked at random" };
        say(&format!("documents    {documents} looked at, {which}: keys, names and {pages} pages"));
        Ok(())
    }

    /// Opens the key of a document, its name and its pages; gives how many pages opened.
    async fn open_document(&mut self, document: &SealedDocument) -> anyhow::Result<u64> {
        let id = document.id;
        let stored = self.snapshot.owner_key(document.owner, document.key.owner_key_version).await?;
        let stored =
            stored.ok_or_else(|| anyhow!("the key of document {id} hangs on an owner key that is not there"))?;
        let opened = self.ring.open_owner_key(&stored).await;
        let key = match opened.and_then(|owner_key| owner_key.open_document_key(id, &document.key)) {
            Ok(key) => key,
            Err(error) => {
                self.refuse(&format!("the key of document {id}"), error)?;
                return Ok(0);
            }
        };
        if let Err(error) = key.open_metadata(document.owner, id, &document.metadata) {
            self.refuse(&format!("the name of document {id}"), error)?;
        }
        self.open_pages(document, &key).await
    }

    async fn open_pages(&mut self, document: &SealedDocument, key: &DocumentKey) -> anyhow::Result<u64> {
        let (mut opened, mut last) = (0, None);
        loop {
            let some = self.snapshot.pages(document.id, last, PAGES_AT_ONCE).await?;
            let Some(page) = some.last() else { return Ok(opened) };
            last = Some((page.task, page.number));
            for page in &some {
                match key.open_page(document.owner, page.task, page.number, &page.content) {
                    Ok(_) => opened += 1,
                    Err(error) => self.refuse(&format!("page {} of task {}", page.number, page.task), error)?,
                }
            }
        }
    }

    /// Tells what does not open. A key service that does not answer says nothing of what is stored: then nobody knows.
    fn refuse(&mut self, what: &str, error: CryptoError) -> anyhow::Result<()> {
        if let CryptoError::Kms(untxt_core::crypto::KmsError::Unavailable(_)) = &error {
            return Err(error).context("the key service does not answer");
        }
        say(&format!("REFUSED      {what}"));
        self.refused += 1;
        Ok(())
    }
}
