//! How a process stops: a signal asks, tracked tasks finish, a time limit ends the wait.
//!
//! It promises that work spawned here is waited for. It refuses loose spawns.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The shutdown token and the tracker of everything that runs beside the main task.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Lifecycle {
    /// Makes a lifecycle that stops on SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When the process can't install signal handlers.
    pub fn on_signals() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let lifecycle = Self::default();
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = lifecycle.stop.clone();
        lifecycle.spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {},
                _ = interrupt.recv() => {},
                () = stop.cancelled() => {},
            }
            stop.cancel();
        });
        Ok(lifecycle)
    }

    /// Gives the token that is cancelled when the process should stop.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks everything to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Runs a future that [`Self::wait`] waits for.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(self.tracker.track_future(future))
    }

    /// Waits until everything spawned has ended, `false` if that took longer than `limit`.
    pub async fn wait(&self, limit: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}
