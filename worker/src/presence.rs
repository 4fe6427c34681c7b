//! Whether something that the worker needs answers.

use std::sync::atomic::{AtomicBool, Ordering};

/// Remembers whether it answered the last time, and logs the turns.
#[derive(Debug)]
pub(crate) struct Presence {
    is_away: AtomicBool,
    gone: &'static str,
    back: &'static str,
}

impl Presence {
    /// Begins with something that is there; the sentences are logged when it goes and when it comes back.
    pub(crate) const fn new(gone: &'static str, back: &'static str) -> Self {
        Self { is_away: AtomicBool::new(false), gone, back }
    }

    pub(crate) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Says whether it answered.
    pub(crate) fn note(&self, answers: bool) {
        match (self.is_away.swap(!answers, Ordering::Relaxed), answers) {
            (false, false) => tracing::warn!("{}", self.gone),
            (true, true) => tracing::info!("{}", self.back),
            _unchanged => {}
        }
    }
}
