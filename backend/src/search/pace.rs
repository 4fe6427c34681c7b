//! How often one person may search, and how many searches are at work at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use untxt_core::domain::UserId;

use crate::problem::ApiError;

/// One search this often, in the long run: more than anybody types.
const EVERY: Duration = Duration::from_millis(500);

/// Searches that may come at once.
const AT_ONCE: u32 = 40;

/// People who are remembered; those whose last search is long ago are forgotten first.
const MAX_PEOPLE: usize = 10_000;

/// Who searched when, in this process.
#[derive(Debug)]
pub(crate) struct Searches {
    /// When somebody's searches so far would have come to an end, one every so often.
    ends: Mutex<HashMap<UserId, Instant>>,
    /// So many searches are at work at once, in the database and on pages.
    places: Arc<Semaphore>,
}

/// A search's place; whatever goes on for it keeps one, also when nobody waits for the answer any more.
pub(super) type Place = Arc<OwnedSemaphorePermit>;

impl Default for Searches {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { ends: Mutex::default(), places: Arc::new(Semaphore::new(cores.max(2))) }
    }
}

impl Searches {
    /// Waits for a place.
    pub(super) async fn place(&self) -> Result<Place, ApiError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        place.map(Arc::new).map_err(ApiError::internal)
    }

    /// Counts a search, or refuses it when there were too many lately.
    pub(super) fn begin(&self, user: UserId, now: Instant) -> Result<(), ApiError> {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= MAX_PEOPLE {
            ends.retain(|_, end| *end > now);
        }
        let end = ends.get(&user).copied().unwrap_or(now).max(now) + EVERY;
        let ahead = end.saturating_duration_since(now + EVERY * AT_ONCE);
        if !ahead.is_zero() {
            return Err(ApiError::TooManySearches { retry_after: ahead });
        }
        ends.insert(user, end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_pace_of_their_own() {
        let (searches, now) = (Searches::default(), Instant::now());
        let (ada, bob) = (UserId::generate(), UserId::generate());
        for _ in 0..AT_ONCE {
            searches.begin(ada, now).expect("free");
        }
        searches.begin(ada, now).expect_err("too many");
        searches.begin(bob, now).expect("somebody else");
        searches.begin(ada, now + EVERY).expect("one more");
        searches.begin(ada, now + EVERY).expect_err("but no two");
        searches.begin(ada, now + EVERY * AT_ONCE * 2).expect("forgotten");
    }
}
