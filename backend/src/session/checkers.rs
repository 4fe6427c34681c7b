//! The threads that check passwords.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Some threads of their own. The allocator keeps for every thread what it has needed once: on the many threads that the runtime
/// has for what blocks, a flood of logins would leave the memory of a check behind on each.
#[derive(Debug)]
pub(super) struct Checkers {
    jobs: Sender<Job>,
}

impl Checkers {
    /// Starts them; they end when this is dropped.
    ///
    /// # Errors
    /// When the system has no threads left.
    pub(super) fn start(count: usize) -> std::io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..count {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name("passwords".to_owned()).spawn(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// Has one of them do something. `None`: it panicked.
    pub(super) async fn run<Done: Send + 'static>(&self, job: impl FnOnce() -> Done + Send + 'static) -> Option<Done> {
        let (done, answer) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever asked may have left.
            let _left = done.send(job());
        });
        self.jobs.send(job).ok()?;
        answer.await.ok()
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Whoever waits for it is told by its end of the channel; the thread goes on.
        let _panicked = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[tokio::test]
    async fn work_stays_on_the_same_threads_and_a_panic_ends_none() {
        let checkers = Checkers::start(2).expect("threads");
        let asked = (0..50).map(|_| checkers.run(|| thread::current().id()));
        let threads: HashSet<_> =
            futures::future::join_all(asked).await.into_iter().map(|id| id.expect("an id")).collect();
        assert!((1..=2).contains(&threads.len()), "{threads:?}");
        for _ in 0..4 {
            assert_eq!(checkers.run(|| assert_eq!(1, 2, "a job that panics")).await, None);
        }
        assert_eq!(checkers.run(|| 7).await, Some(7));
    }
}
