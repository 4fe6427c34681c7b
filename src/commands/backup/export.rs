//! `untxt export`: one moment of all rows, then every object that they speak of.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use bytesize::ByteSize;
use futures::TryStreamExt;
use tokio::task::block_in_place;
use untxt_core::{
    config::{Database, Settings},
    crypto::{age::Recipient, connect},
    storage::{ObjectKey, S3Store},
};
use untxt_database::backup::{Snapshot, Table};

use super::{
    files::Sums,
    folder::{BackupFolder, KeyHash, StoredObject, key_hash, object_entry},
    manifest::{self, Listed, Manifest, Rows, rows_file},
    objects,
    progress::Progress,
    receipts, say, seal,
    sealed::SealedFile,
};

/// How often a new snapshot is taken because objects of the last one were deleted before they could be copied. Each
/// round copies only what is new, so that it takes a moment.
const ROUNDS: usize = 5;

/// Writes a backup; says whether it is whole.
pub(super) async fn run(settings: &Settings, to: &Path, recipients: &[Recipient], keep: usize) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let folder = BackupFolder::open_for_writing(to)?;
    let services = connect(&settings.encryption)?;
    let kms = services.first().context("nobody holds the root key")?;
    let store = S3Store::new(&settings.storage)?;
    let mut there = block_in_place(|| folder.objects())?;
    say(&format!("{} objects are in {} already", there.len(), to.display()));
    let mut gone = HashSet::new();
    for round in 1.. {
        let mut moment = Moment::write(&settings.database, folder.begin()?, recipients).await?;
        let progress = Progress::new("objects", moment.keys.len());
        let copying = objects::copy_out(&store, &folder, &moment.keys, &mut there, &progress);
        let missing: HashSet<_> = progress.watch(copying).await?.into_iter().collect();
        // What two snapshots in a row speak of and the store doesn't have was not deleted by anybody: it is lost.
        if missing.is_subset(&gone) || round == ROUNDS {
            moment.finish(&there, &missing, recipients)?;
            seal::write(kms.as_ref(), &moment.folder, &moment.sums).await?;
            let path = folder.publish(&moment.manifest.taken_at)?;
            return tell(&folder, &path, &moment, keep, begun);
        }
        say(&format!("{} objects are gone from the store since the snapshot; taking a new one", missing.len()));
        gone = missing;
    }
    Ok(false)
}

/// Says what was done, and removes old backups.
fn tell(folder: &BackupFolder, path: &Path, moment: &Moment, keep: usize, begun: Instant) -> anyhow::Result<bool> {
    let manifest = &moment.manifest;
    let row_bytes: u64 = manifest.rows.iter().map(|rows| rows.bytes).sum();
    say(&format!(
        "backup       {}\ndocuments    {}\nrows         {} of {} tables\nobjects      {}, {}\ntime         {:.1} s",
        path.display(),
        moment.keys.iter().filter(|key| matches!(key, ObjectKey::Original(_))).count(),
        ByteSize(row_bytes),
        manifest.rows.len(),
        manifest.objects,
        ByteSize(manifest.object_bytes),
        begun.elapsed().as_secs_f64(),
    ));
    let (backups, objects) = block_in_place(|| folder.prune(keep)).context("the backup is whole, but old ones stay")?;
    if backups + objects > 0 {
        say(&format!("removed      {backups} older backups, {objects} objects that were only theirs"));
    }
    say("The root key is NOT in the backup, and nothing opens without it: keep a copy of it apart from the backups.");
    for key in &manifest.missing {
        say(&format!("LOST         {key}: its row is there, and the store does not have it"));
    }
    Ok(manifest.missing.is_empty())
}

/// One moment of the database, written.
struct Moment {
    folder: PathBuf,
    manifest: Manifest,
    sums: Sums,
    keys: Vec<ObjectKey>,
}

impl Moment {
    /// Takes a snapshot and writes its rows, sealed.
    async fn write(database: &Database, folder: PathBuf, recipients: &[Recipient]) -> anyhow::Result<Self> {
        let mut snapshot = Snapshot::take(database).await.context("the database can't be read")?;
        let taken_at = name_of(snapshot.taken_at().await?);
        let mut manifest = Manifest::new(taken_at, snapshot.layout().await?, snapshot.sequences().await?);
        manifest.owner_keys = snapshot.one_owner_key_of_each_root().await?.iter().map(Into::into).collect();
        let snapshot_shreds = snapshot.shreds().await?;
        let mut sums = Sums::default();
        let progress = Progress::new("tables", manifest.layout.tables.len());
        let writing = async {
            for table in &manifest.layout.tables {
                let rows = write_table(&mut snapshot, table, &folder, recipients, &mut sums).await;
                let rows = rows.with_context(|| format!("the table {} can't be written", table.name))?;
                progress.add(1, rows.bytes);
                manifest.rows.push(rows);
            }
            anyhow::Ok(())
        };
        progress.watch(writing).await?;
        block_in_place(|| receipts::write(&folder, recipients, &snapshot_shreds, &mut sums))?;
        let keys = snapshot.objects().await?;
        snapshot.close().await?;
        Ok(Self { folder, manifest, sums, keys })
    }

    /// Writes down which objects belong to it.
    fn finish(
        &mut self,
        there: &HashMap<KeyHash, StoredObject>,
        missing: &HashSet<ObjectKey>,
        recipients: &[Recipient],
    ) -> anyhow::Result<()> {
        block_in_place(|| {
            let mut file = SealedFile::create(&self.folder.join(manifest::OBJECTS), recipients)?;
            let mut object_sums = Sums::default();
            for key in self.keys.iter().filter(|key| !missing.contains(key)) {
                let half = key_hash(key);
                let object = there.get(&half).context("an object was not copied")?;
                let listed = Listed { key: *key, hash: object.hash, size_bytes: object.size_bytes };
                file.write(listed.to_line().as_bytes())?;
                object_sums.add(object_entry(half, object.hash), object.hash);
                self.manifest.objects += 1;
                self.manifest.object_bytes += object.size_bytes;
            }
            self.sums.add(manifest::OBJECTS, file.finish()?.file_hash);
            self.manifest.missing = missing.iter().map(ToString::to_string).collect();
            self.manifest.write(&self.folder, recipients, &mut self.sums)?;
            self.sums.0.append(&mut object_sums.0);
            Ok(())
        })
    }
}

async fn write_table(
    snapshot: &mut Snapshot,
    table: &Table,
    folder: &Path,
    recipients: &[Recipient],
    sums: &mut Sums,
) -> anyhow::Result<Rows> {
    let name = rows_file(&table.name);
    let mut file = SealedFile::create(&folder.join(&name), recipients)?;
    let mut rows = snapshot.read(table).await?;
    while let Some(bytes) = rows.try_next().await? {
        block_in_place(|| file.write(&bytes))?;
    }
    let written = block_in_place(|| file.finish())?;
    sums.add(name, written.file_hash);
    Ok(Rows { bytes: written.plain_bytes, sha256: written.plain_hash.to_hex() })
}

/// Names a backup by the time of its snapshot, in UTC, so that names are in the order of time.
pub(super) fn name_of(time: time::OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}.{:03}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}
