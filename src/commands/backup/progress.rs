//! How far a command is, a line every few seconds: counts and rates, never a name.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use bytesize::ByteSize;
use tokio::time::{MissedTickBehavior, interval};

use super::say;

const EVERY: Duration = Duration::from_secs(5);

/// Counts one kind of thing.
pub(super) struct Progress {
    what: &'static str,
    total: u64,
    count: AtomicU64,
    bytes: AtomicU64,
    begun: Instant,
}

impl Progress {
    pub(super) fn new(what: &'static str, total: usize) -> Self {
        let (count, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { what, total: total as u64, count, bytes, begun: Instant::now() }
    }

    pub(super) fn add(&self, count: u64, bytes: u64) {
        self.count.fetch_add(count, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Waits for some work, telling how far it is meanwhile and at its end.
    pub(super) async fn watch<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                output = &mut work => {
                    self.tell();
                    return output;
                }
                _ = ticks.tick() => self.tell(),
            }
        }
    }

    fn tell(&self) {
        let (count, bytes) = (self.count.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let milliseconds = self.begun.elapsed().as_millis().max(1);
        let per_second = |amount: u64| u64::try_from(u128::from(amount) * 1000 / milliseconds).unwrap_or(u64::MAX);
        say(&format!(
            "{:<10} {count} of {}, {} ({}/s, {}/s)",
            self.what,
            self.total,
            ByteSize(bytes),
            per_second(count),
            ByteSize(per_second(bytes)),
        ));
    }
}
