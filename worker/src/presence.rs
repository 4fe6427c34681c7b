//! Whether something that the worker needs answers.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Remembers whether it answered the last time, and logs the turns.
#[derive(Debug)]
pub(crate) struct Presence {
    is_away: AtomicBool,
    returned: Notify,
    gone: &'static str,
    back: &'static str,
}

impl Presence {
    /// Begins with something that is there; the sentences are logged when it goes and when it comes back.
    pub(crate) fn new(gone: &'static str, back: &'static str) -> Self {
        Self { is_away: AtomicBool::new(false), returned: Notify::new(), gone, back }
    }

    pub(crate) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Waits until it comes back. A return that nobody waited for is told to whoever waits next, once.
    pub(crate) async fn returned(&self) {
        self.returned.notified().await;
    }

    /// Says whether it answered.
    pub(crate) fn note(&self, answers: bool) {
        match (self.is_away.swap(!answers, Ordering::Relaxed), answers) {
            (false, false) => tracing::warn!("{}", self.gone),
            (true, true) => {
                tracing::info!("{}", self.back);
                self.returned.notify_one();
            }
            _unchanged => {}
        }
    }
}
