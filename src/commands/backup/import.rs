//! `untxt import`: every object is stored, then all rows appear at once. Each file is read once and hashed on its way, so
//! that nobody can change it between a check and its use.

use std::{
    collections::HashSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use bytesize::ByteSize;
use futures::TryStreamExt;
use tokio::task::block_in_place;
use untxt_core::{
    config::{Database, Settings},
    crypto::{KeyRing, age::Identity, connect},
    receipts::Shred,
    storage::{ObjectKey, ObjectStore, S3Store},
};
use untxt_database::backup::{CleanUpPause, Restore, Table};

use super::{
    ImportArgs,
    files::{Hash, Hasher, Sums},
    folder::{BackupFolder, key_hash, object_entry},
    identity,
    manifest::{self, Listed, Manifest, Rows, rows_file},
    objects,
    progress::Progress,
    receipts, say, seal,
    sealed::OpenedFile,
};

/// How often the tables are asked for, when workers are at them just then.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_secs(2);

/// Restores a backup; says whether it was whole.
pub(super) async fn run(settings: &Settings, args: &ImportArgs) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let folder = BackupFolder::open(&args.from)?;
    let path = folder.find(args.backup.as_deref())?;
    say(&format!("restoring    {}", path.display()));
    let services = connect(&settings.encryption)?;
    let sums = seal::read_checked(&services, &path).await?;
    let identities = identity::read(&args.identity)?;
    let backup = Backup::open(path, sums, identities)?;
    backup.check_owner_keys(&KeyRing::new(services.clone())).await?;
    backup.check_layout(&settings.database).await?;
    let mut listed = backup.objects()?;
    let store = S3Store::new(&settings.storage)?;
    let shreds = receipts::Sources { folder: &folder, backup: &backup, services: &services, store: &store }
        .gather(args.receipts.as_deref(), &settings.signing)
        .await?;
    let gone: HashSet<_> = shreds.iter().map(|shred| shred.document).collect();
    let is_gone = |key: ObjectKey| key.document().is_some_and(|document| gone.contains(&document));
    let unwanted: Vec<_> = listed.iter().map(|object| object.key).filter(|key| is_gone(*key)).collect();
    listed.retain(|object| !is_gone(object.key));
    // Until their rows are there, workers would take the objects for leavings.
    let mut pause = pause_clean_up(&settings.database).await?;
    let progress = Progress::new("objects", listed.len());
    let damaged = progress.watch(objects::copy_in(&store, &folder, &listed, args.accept_damaged, &progress)).await?;
    pause.check().await.context("the database was away meanwhile; the same command goes on where it was")?;
    // A run of before, which was not told of them, may have brought some.
    store.delete(&unwanted).await.context("objects of shredded documents can't be removed")?;
    let (open_tasks, shredded) = backup.restore_rows(&settings.database, &shreds).await?;
    say(&format!(
        "documents    {}\nshredded     {shredded} since the backup, which stay away\nobjects      {}, {}\nunfinished   {open_tasks} tasks go on\ntime         {:.1} s\n\
         Everybody has to log in again, with the passwords of the backup.",
        listed.iter().filter(|object| matches!(object.key, ObjectKey::Original(_))).count(),
        listed.len() - damaged.len(),
        ByteSize(listed.iter().map(|object| object.size_bytes).sum()),
        begun.elapsed().as_secs_f64(),
    ));
    let lost = damaged.iter().map(ToString::to_string);
    let lost: Vec<_> = lost.chain(backup.manifest.missing.iter().map(|key| format!("{key} was lost before"))).collect();
    for object in &lost {
        say(&format!("MISSING      {object}"));
    }
    Ok(lost.is_empty())
}

/// An opened backup. Its manifest is whole; every other file is checked while it is read.
pub(super) struct Backup {
    pub(super) path: PathBuf,
    sums: Sums,
    pub(super) identities: Vec<Identity>,
    pub(super) manifest: Manifest,
}

impl Backup {
    /// Opens the manifest of a backup.
    pub(super) fn open(path: PathBuf, sums: Sums, identities: Vec<Identity>) -> anyhow::Result<Self> {
        let hash = sums.find(manifest::FILE).context("the list of hashes lacks the manifest")?;
        let manifest = block_in_place(|| Manifest::read(&path, hash, &identities))?;
        let backup = Self { path, sums, identities, manifest };
        let names = backup.manifest.layout.tables.iter().map(|table| rows_file(&table.name));
        for name in names.chain([manifest::OBJECTS.to_owned()]) {
            backup.hash_of(&name)?;
            let path = backup.path.join(&name);
            ensure!(path.is_file(), "{} is not there", path.display());
        }
        Ok(backup)
    }

    fn hash_of(&self, name: &str) -> anyhow::Result<Hash> {
        self.sums.find(name).with_context(|| format!("{} is not in the list of hashes", self.path.join(name).display()))
    }

    fn open_file(&self, name: &str) -> anyhow::Result<OpenedFile> {
        let hash = self.hash_of(name)?;
        block_in_place(|| OpenedFile::open(&self.path.join(name), hash, &self.identities))
    }

    /// Opens one owner key of each root key: without it nothing restored would ever open.
    async fn check_owner_keys(&self, ring: &KeyRing) -> anyhow::Result<()> {
        for key in &self.manifest.owner_keys {
            let opened = ring.open_owner_key(&key.try_into()?).await;
            opened.context("the root key here does not open the owner keys of the backup")?;
        }
        Ok(())
    }

    /// Refuses an installation that is in use, and tables that this version has not grown from.
    async fn check_layout(&self, database: &Database) -> anyhow::Result<()> {
        let mut restore = begin(database).await?;
        let (ours, theirs) = (restore.layout().await?.version(), &self.manifest.layout);
        let is_known = restore.go_back_to(theirs).await?;
        restore.abandon().await?;
        if !is_known {
            bail!(
                "the backup was written by UNTXT {} at migration {}, and this installation is at migration {ours}: restore \
                 it with that version, then start the newer one",
                self.manifest.untxt,
                theirs.version(),
            );
        }
        Ok(())
    }

    /// Reads the list of objects, refusing one that speaks of others than the list of hashes.
    pub(super) fn objects(&self) -> anyhow::Result<Vec<Listed>> {
        let file = self.open_file(manifest::OBJECTS)?;
        let bytes = block_in_place(|| file.read_to_end())?;
        let text = std::str::from_utf8(&bytes).context("the list of objects is damaged")?;
        let listed: Vec<_> = text.lines().map(Listed::parse).collect::<Result<_, _>>()?;
        let known = self.sums.0.iter().map(|(name, hash)| (name.as_str(), *hash));
        let known: std::collections::HashSet<_> = known.collect();
        for object in &listed {
            let entry = object_entry(key_hash(&object.key), object.hash);
            ensure!(known.contains(&(entry.as_str(), object.hash)), "{entry} is not in the list of hashes");
        }
        ensure!(listed.len() as u64 == self.manifest.objects, "the list of objects is not the one of the manifest");
        Ok(listed)
    }

    /// Opens the rows of a table.
    pub(super) fn rows(&self, table: &Table) -> anyhow::Result<OpenedFile> {
        self.open_file(&rows_file(&table.name))
    }

    /// Writes all rows in one transaction; gives how many tasks go on, and how many documents stay away.
    async fn restore_rows(&self, database: &Database, shreds: &[Shred]) -> anyhow::Result<(u64, u64)> {
        let mut restore = begin(database).await?;
        ensure!(restore.go_back_to(&self.manifest.layout).await?, "the tables were changed meanwhile; start it again");
        let tables = self.manifest.layout.tables.iter().zip(&self.manifest.rows);
        let progress = Progress::new("tables", self.manifest.rows.len());
        let writing = async {
            for (table, rows) in tables {
                let written = self.restore_table(&mut restore, table, rows).await;
                written.with_context(|| format!("the table {} can't be restored", table.name))?;
                progress.add(1, rows.bytes);
            }
            anyhow::Ok(())
        };
        progress.watch(writing).await?;
        restore.set_sequences(&self.manifest.sequences).await?;
        let later = restore.migrate_on().await.context("the rows can't be brought to this version")?;
        if later > 0 {
            say(&format!("migrated     {later} migrations came after migration {}", self.manifest.layout.version()));
        }
        let open_tasks = restore.settle().await?;
        let shredded = restore.apply_shreds(shreds).await?;
        restore.commit().await?;
        Ok((open_tasks, shredded))
    }

    /// Writes the rows of a table, then reads them back: they must be the same, byte by byte.
    async fn restore_table(&self, restore: &mut Restore, table: &Table, rows: &Rows) -> anyhow::Result<()> {
        let mut file = self.rows(table)?;
        let mut incoming = restore.write(table).await?;
        loop {
            let bytes = block_in_place(|| file.next())?;
            if bytes.is_empty() {
                break;
            }
            incoming.send(bytes).await?;
        }
        incoming.finish().await?;
        let mut hasher = Hasher::default();
        let mut stored = restore.read(table).await?;
        while let Some(bytes) = stored.try_next().await? {
            hasher.add(&bytes);
        }
        ensure!(hasher.finish().0.to_hex() == rows.sha256, "its rows are not those of the backup");
        Ok(())
    }
}

/// Waits until no worker cleans up the store, and keeps them from it.
async fn pause_clean_up(database: &Database) -> anyhow::Result<CleanUpPause> {
    let mut is_told = false;
    loop {
        if let Some(pause) = CleanUpPause::begin(database).await.context("the database can't be reached")? {
            return Ok(pause);
        }
        if !is_told {
            say("waiting for a worker that cleans up the store");
            is_told = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Begins to restore, waiting a little for workers that are at the tables.
async fn begin(database: &Database) -> anyhow::Result<Restore> {
    for tries in 1.. {
        match Restore::begin(database).await {
            Err(error) if error.is_temporary() && tries < TRIES => tokio::time::sleep(PAUSE).await,
            Err(untxt_database::Error::Conflict(_)) => bail!(
                "this installation is in use: it has documents or people of its own; restore into a new one, with \
                 `untxt up` on an empty folder that only has the root key"
            ),
            begun => return begun.context("the database can't be prepared"),
        }
    }
    bail!("the database can't be prepared")
}
