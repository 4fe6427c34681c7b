use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::digest;
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    disk::{Disk, make_folder, sync_folder},
    object_file::{ObjectInfo, entity_tag},
};
use crate::clock;

/// An upload that nobody completed for so long is removed: longer than any upload of ours takes.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
/// How often that is looked for.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(3600);
/// Name of the file that says which object an upload is for.
const KEY_FILE: &str = "key";

/// An upload in parts. It survives a restart of the store, so that a client can go on.
#[derive(Debug)]
pub(super) struct Upload {
    folder: PathBuf,
    pub(super) id: String,
    pub(super) key: String,
}

impl Upload {
    /// Begins an upload.
    pub(super) fn begin(disk: &Disk, key: String) -> io::Result<Self> {
        let id = Uuid::new_v4().simple().to_string();
        let folder = disk.uploads().join(&id);
        make_folder(&folder)?;
        fs::write(folder.join(KEY_FILE), &key)?;
        Ok(Self { folder, id, key })
    }

    /// Finds an upload for an object.
    pub(super) fn find(disk: &Disk, id: &str, key: &str) -> io::Result<Option<Self>> {
        // Parsed, so that an id can't name a path.
        let Ok(id) = Uuid::try_parse(id).map(|id| id.simple().to_string()) else { return Ok(None) };
        let folder = disk.uploads().join(&id);
        match fs::read_to_string(folder.join(KEY_FILE)) {
            Ok(found) if found == key => Ok(Some(Self { folder, id, key: found })),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives all uploads under way.
    pub(super) fn all(disk: &Disk) -> io::Result<Vec<Self>> {
        let mut uploads = Vec::new();
        for entry in fs::read_dir(disk.uploads())? {
            let entry = entry?;
            let Ok(key) = fs::read_to_string(entry.path().join(KEY_FILE)) else { continue };
            uploads.push(Self { folder: entry.path(), id: entry.file_name().to_string_lossy().into_owned(), key });
        }
        uploads.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
        Ok(uploads)
    }

    /// Keeps a part, instead of an earlier one of the same number.
    pub(super) fn keep_part(&self, number: i32, file: NamedTempFile, info: &ObjectInfo) -> io::Result<()> {
        info.seal(file.as_file())?;
        file.persist(self.part_path(number))?;
        Ok(())
    }

    /// Opens a part, `None` if it is not there or not whole.
    pub(super) fn find_part(&self, number: i32) -> Option<(File, ObjectInfo)> {
        let file = File::open(self.part_path(number)).ok()?;
        let info = ObjectInfo::read(&file).ok()?;
        Some((file, info))
    }

    /// Gives the parts in order.
    pub(super) fn parts(&self) -> io::Result<Vec<(i32, ObjectInfo)>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("part-")?.parse().ok());
            parts.extend(number.and_then(|number| Some((number, self.find_part(number)?.1))));
        }
        parts.sort_by_key(|(number, _)| *number);
        Ok(parts)
    }

    /// Joins parts to the object; what was there before stays until the new one is whole.
    pub(super) fn complete(&self, disk: &Disk, parts: &[(i32, ObjectInfo)]) -> io::Result<ObjectInfo> {
        let mut joined = disk.create_temporary()?;
        let (mut length, mut hash) = (0, digest::Context::new(&digest::SHA256));
        for (number, info) in parts {
            let gone = || io::Error::new(ErrorKind::NotFound, "a part of an upload disappeared");
            let (part, _) = self.find_part(*number).filter(|(_, found)| found.etag == info.etag).ok_or_else(gone)?;
            // The kernel copies from file to file; the bytes don't come through this process.
            let copied = io::copy(&mut io::Read::take(part, info.length), joined.as_file_mut())?;
            if copied != info.length {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "a part of an upload is shorter than it was"));
            }
            length += copied;
            hash.update(info.etag.as_bytes());
        }
        let info = ObjectInfo {
            key: self.key.clone(),
            length,
            etag: format!("{}-{}", entity_tag(hash), parts.len()),
            modified: clock::now().unix_timestamp(),
            crc32: None,
            upload_id: Some(self.id.clone()),
        };
        disk.publish(joined, info.clone(), false)?;
        self.remove()?;
        Ok(info)
    }

    /// Removes the upload with its parts.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn part_path(&self, number: i32) -> PathBuf {
        self.folder.join(format!("part-{number:05}"))
    }
}

/// Removes uploads that nobody will complete.
pub(super) fn remove_expired(disk: &Disk) -> io::Result<()> {
    let folder = disk.uploads();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        // A new part changes the folder's time.
        let is_old = fs::metadata(&path)?.modified()?.elapsed().is_ok_and(|age| age > MAX_AGE);
        if is_old || !path.join(KEY_FILE).try_exists()? {
            fs::remove_dir_all(&path)?;
            tracing::info!("an abandoned upload was removed");
        }
    }
    sync_folder(&folder)
}

/// Runs [`remove_expired`] every hour until the process stops.
pub(super) async fn expire_regularly(disk: Arc<Disk>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EXPIRY_INTERVAL)).await.is_some() {
        let disk = Arc::clone(&disk);
        let removed = tokio::task::spawn_blocking(move || remove_expired(&disk)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(error = &error as &dyn std::error::Error, "abandoned uploads can't be removed");
        }
    }
}
