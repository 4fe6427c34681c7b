//! How often one person may search, and how many pages are opened at once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};
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
    /// Pages are opened for so many searches at once: one core stays free for everybody else.
    pub(super) opening: Semaphore,
}

impl Default for Searches {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { ends: Mutex::default(), opening: Semaphore::new((cores - 1).max(1)) }
    }
}

impl Searches {
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
