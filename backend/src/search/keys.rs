use std::{collections::HashMap, sync::Arc};

use untxt_core::crypto::{SearchKey, WrappedOwnerKey};
use untxt_database::{PgConnection, owner_keys, search, search::Segment};

use super::scope::Scope;
use crate::{App, problem::ApiError};

/// The keys that an owner's segments were made with, by the number of the index key.
#[derive(Clone, Debug, Default)]
pub struct SearchKeys(Arc<HashMap<u32, SearchKey>>);

/// What there is to be asked of an owner's index.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) keys: SearchKeys,
    /// Newest first.
    pub(super) segments: Vec<Segment>,
    /// Every page is in it, and all of it can be asked.
    pub(super) is_complete: bool,
}

impl Index {
    /// Loads the segments of an owner, newest first, and the keys that they were made with. While an index is made anew
    /// there are two. A segment whose key is gone can't be asked.
    pub(super) async fn load(app: &App, scope: &Scope) -> Result<Self, ApiError> {
        let owner = scope.owner;
        let mut tx = scope.begin(&app.db).await?;
        let segments = search::list_segments(&mut tx, owner).await?;
        let has_gap = search::has_gap(&mut tx, owner).await?;
        let mut generations: Vec<_> = segments.iter().map(|segment| segment.generation).collect();
        generations.sort_unstable();
        generations.dedup();
        let wrapped = match generations.is_empty() {
            true => Vec::new(),
            false => owner_keys::list_of_generations(&mut tx, owner, &generations).await?,
        };
        tx.commit().await?;
        let keys = SearchKeys::open(app, &wrapped).await?;
        let is_complete = !has_gap && segments.iter().all(|segment| keys.find(segment.generation).is_some());
        Ok(Self { keys, segments, is_complete })
    }

    /// Says whether there are segments now that were not asked: a page that is made anew leaves one key for another, and
    /// may have done so between the list and the question.
    pub(super) async fn has_grown(&self, conn: &mut PgConnection, scope: &Scope) -> Result<bool, ApiError> {
        let now = search::list_segments(conn, scope.owner).await?;
        Ok(now.iter().any(|segment| !self.segments.contains(segment)))
    }
}

impl SearchKeys {
    async fn open(app: &App, wrapped: &[WrappedOwnerKey]) -> Result<Self, ApiError> {
        let mut keys = HashMap::with_capacity(wrapped.len());
        for wrapped in wrapped {
            keys.insert(wrapped.index_generation, app.keys.open_owner_key(wrapped).await?.search_key()?);
        }
        Ok(Self(Arc::new(keys)))
    }

    /// Takes keys that are open already, by the number of the index key.
    #[must_use]
    pub fn new(keys: HashMap<u32, SearchKey>) -> Self {
        Self(Arc::new(keys))
    }

    pub(super) fn find(&self, generation: u32) -> Option<&SearchKey> {
        self.0.get(&generation)
    }
}
