use std::{collections::BTreeMap, fs, io, ops::Bound, path::Path};

use super::object_file::ObjectInfo;

/// The keys of all objects in order, made when a listing is first asked for: collecting them takes a walk over the
/// whole folder, and most processes never list.
#[derive(Debug, Default)]
pub(super) enum Listing {
    #[default]
    Unknown,
    /// A walk is under way; what changes meanwhile is noted and applied at its end.
    Walking(Vec<Change>),
    Known(BTreeMap<String, ObjectInfo>),
}

#[derive(Debug)]
pub(super) enum Change {
    Stored(ObjectInfo),
    Deleted(String),
}

/// One page of a listing.
pub(super) struct Page {
    pub(super) objects: Vec<ObjectInfo>,
    /// Whether more follow.
    pub(super) is_truncated: bool,
}

impl Listing {
    /// Notes that an object was stored or deleted.
    pub(super) fn note(&mut self, change: Change) {
        match self {
            Self::Unknown => {}
            Self::Walking(changes) => changes.push(change),
            Self::Known(objects) => apply(objects, change),
        }
    }

    /// Ends a walk and gives the first page that was asked for.
    pub(super) fn finish(
        &mut self,
        mut objects: BTreeMap<String, ObjectInfo>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Page {
        if let Self::Walking(changes) = std::mem::take(self) {
            changes.into_iter().for_each(|change| apply(&mut objects, change));
        }
        let page = page_of(&objects, prefix, after, limit);
        *self = Self::Known(objects);
        page
    }

    /// Gives at most `limit` objects whose key starts with `prefix` and comes after `after`; `None` before a walk.
    pub(super) fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Option<Page> {
        let Self::Known(objects) = self else { return None };
        Some(page_of(objects, prefix, after, limit))
    }
}

fn page_of(objects: &BTreeMap<String, ObjectInfo>, prefix: &str, after: Option<&str>, limit: usize) -> Page {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let mut found = objects
        .range::<str, _>((start, Bound::Unbounded))
        .map(|(_, info)| info)
        .take_while(|info| info.key.starts_with(prefix));
    let objects = found.by_ref().take(limit).cloned().collect();
    Page { objects, is_truncated: found.next().is_some() }
}

fn apply(objects: &mut BTreeMap<String, ObjectInfo>, change: Change) {
    match change {
        Change::Stored(info) => {
            objects.insert(info.key.clone(), info);
        }
        Change::Deleted(key) => {
            objects.remove(&key);
        }
    }
}

/// Reads what every object of the folder says about itself; files that are not whole are left out.
pub(super) fn walk(folder: &Path) -> io::Result<BTreeMap<String, ObjectInfo>> {
    let mut objects = BTreeMap::new();
    for shelf in fs::read_dir(folder)? {
        for entry in fs::read_dir(shelf?.path())? {
            // An object may be deleted between its name and its content being read.
            let Ok(file) = fs::File::open(entry?.path()) else { continue };
            match ObjectInfo::read(&file) {
                Ok(info) => {
                    objects.insert(info.key.clone(), info);
                }
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "an object can't be listed"),
            }
        }
    }
    Ok(objects)
}
