//! Keeping owner keys up: what is too old is replaced, what an older key wrapped is wrapped anew, and what nobody needs
//! any more is destroyed.
//!
//! It promises that every step is stored before the next one relies on it, so that it may be killed anywhere and done by
//! two at once, and that a key which something still needs is never destroyed. It refuses to know what documents say:
//! their keys change hands, what they seal stays as it is.

mod documents;
mod labels;
mod owner;
mod rotate;
mod schedule;
mod tags;

use std::time::Duration;

use untxt_core::{config::Encryption, crypto::KeyRing, domain::OwnerId, telemetry::chain};
use untxt_database::{
    Database,
    owner_keys::{self, Upkeep},
};

pub use rotate::Rotation;
pub(crate) use schedule::start;

use crate::error::{JobError, JobResult};

const EVERY: Duration = Duration::from_secs(60);
/// Owners in a row whose keys can't be kept up, before a round is given up.
const MAX_FAILURES: u32 = 3;
/// Owners that are asked for at once.
const OWNERS_AT_ONCE: u32 = 100;

/// When keys are replaced and destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTimes {
    /// Pause between two looks.
    pub every: Duration,
    /// Age from which an active key is replaced.
    pub max_age: Duration,
    /// Age from which an index key is replaced; `None`: it never is.
    pub max_index_age: Option<Duration>,
    /// How long a key stays after it was replaced, at least.
    pub grace: Duration,
}

/// Keeps the keys of all owners up.
#[derive(Clone, Debug)]
pub struct KeyKeeper {
    database: Database,
    ring: KeyRing,
    times: KeyTimes,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Owner keys that were replaced by a new version.
    pub rotated: u64,
    /// Documents whose tags were forgotten, because somebody else may know the key that made them.
    pub tags: u64,
    /// Owner keys that the root key wrapped anew.
    pub rewrapped: u64,
    /// Keys of documents that the active owner key wrapped instead of an older one.
    pub documents: u64,
    /// Keys of folders and tags that it wrapped instead, one per owner.
    pub labels: u64,
    /// Keys, of owners, documents and labels, that did not open: they stay as they are, and so do those that wrap them.
    pub refused: u64,
    /// Owner keys that were destroyed.
    pub destroyed: u64,
}

/// Why the keys could not be kept up.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeyError(JobError);

impl KeyKeeper {
    /// Makes a keeper with a database of the worker's role.
    #[must_use]
    pub const fn new(database: Database, ring: KeyRing, times: KeyTimes) -> Self {
        Self { database, ring, times }
    }

    /// Does everything that is due. What was done of an owner is told as soon as it is done.
    ///
    /// # Errors
    /// When the database or the key service does not answer.
    pub async fn keep_all(&self, mut tell: impl FnMut(&Kept) + Send) -> Result<Kept, KeyError> {
        let (mut all, mut last, mut failures) = (Kept::default(), None, 0);
        loop {
            // Each owner once: one whose keys don't open stays due.
            let due = self.list_due(last).await?;
            if due.is_empty() {
                return Ok(all);
            }
            for owner in due {
                last = Some(owner);
                match self.keep_up(owner).await {
                    Ok(kept) => {
                        all += kept;
                        failures = 0;
                    }
                    // One owner's trouble is not everybody's; many in a row are an outage.
                    Err(error) if failures < MAX_FAILURES => {
                        tracing::error!(%owner, error = chain(&error), "the keys of an owner could not be kept up");
                        all.refused += 1;
                        failures += 1;
                    }
                    Err(error) => return Err(error.into()),
                }
                tell(&all);
            }
        }
    }

    /// Replaces the active key of an owner now, and has everything wrapped by the new one. Tokens of search follow a new index
    /// key later: a worker makes them anew.
    ///
    /// # Errors
    /// As [`Self::keep_all`].
    pub async fn rotate(&self, owner: OwnerId, rotation: Rotation) -> Result<Kept, KeyError> {
        let rotated = self.replace(owner, rotation).await?;
        let mut kept = self.keep_up(owner).await?;
        kept.rotated += u64::from(rotated);
        Ok(kept)
    }

    async fn list_due(&self, after: Option<OwnerId>) -> JobResult<Vec<OwnerId>> {
        let mut tx = self.database.begin_system().await?;
        let due = owner_keys::list_due(&mut tx, &self.upkeep()?, after, OWNERS_AT_ONCE).await?;
        tx.commit().await?;
        Ok(due)
    }

    fn upkeep(&self) -> JobResult<Upkeep> {
        let KeyTimes { max_age, max_index_age, grace, .. } = self.times;
        Ok(Upkeep { root: self.ring.root_key_id()?, max_age, max_index_age, grace })
    }
}

impl From<JobError> for KeyError {
    fn from(error: JobError) -> Self {
        Self(error)
    }
}

impl KeyTimes {
    /// Takes the times from the settings.
    #[must_use]
    pub fn new(settings: &Encryption) -> Self {
        let max_index_age = settings.index_rotation();
        Self { every: EVERY, max_age: settings.rotation(), max_index_age, grace: settings.grace() }
    }
}

impl std::ops::AddAssign for Kept {
    fn add_assign(&mut self, more: Self) {
        self.rotated += more.rotated;
        self.tags += more.tags;
        self.rewrapped += more.rewrapped;
        self.documents += more.documents;
        self.labels += more.labels;
        self.refused += more.refused;
        self.destroyed += more.destroyed;
    }
}
