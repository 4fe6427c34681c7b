//! What becomes of a claim whose work did not succeed.

use std::{sync::Arc, time::Duration};

use metrics::counter;
use untxt_core::{
    domain::{FailureCode, TaskState},
    queue::QueueEntry,
    telemetry::chain,
};
use untxt_database::{
    Transaction,
    pages::{self, ClaimedPage, Completed, Retried},
    tasks::{self, ClaimedTask},
};

use crate::{
    error::JobError,
    turn::{entry_of_page, entry_of_task},
    worker::Worker,
};

/// A page that hangs or eats memory rarely does better: it gets one more try, however many a crash may have.
const MAX_COSTLY_TRIES: u32 = 2;
const MAX_BACK_OFF: Duration = Duration::from_secs(60);

/// What the caller does next. Of two, the later one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Settled {
    /// Go on with the next page.
    GoOn,
    /// Leave the task alone for now.
    Halt,
    /// Go on with the end of the task: that was its last open page.
    TaskEnds,
}

impl From<Completed> for Settled {
    fn from(completed: Completed) -> Self {
        if completed.is_last { Self::TaskEnds } else { Self::GoOn }
    }
}

/// Waits longer after every release: 1, 2, 4, … seconds.
pub(crate) fn back_off(attempt: u32, tries: u32) -> Duration {
    let releases = attempt.saturating_sub(tries).min(6);
    Duration::from_secs(1 << releases).min(MAX_BACK_OFF)
}

/// Waits 4, 16, 60 seconds: a scanner that is short of memory, space or time may have them again.
fn patience_with_scanner(tries: u32) -> Duration {
    Duration::from_secs(1 << (2 * tries).min(6)).min(MAX_BACK_OFF)
}

impl Worker {
    /// Writes down what became of a page.
    pub(crate) async fn settle_page(&self, claimed: &ClaimedPage, error: JobError) -> Settled {
        count_page(&error);
        match self.try_settle_page(claimed, &error).await {
            Ok(settled) => settled,
            Err(untxt_database::Error::LeaseLost) => Settled::GoOn,
            Err(error) => {
                tracing::warn!(error = chain(&error), "a page could not be settled, its lease will run out");
                Settled::Halt
            }
        }
    }

    async fn try_settle_page(&self, claimed: &ClaimedPage, error: &JobError) -> untxt_database::Result<Settled> {
        let page = claimed.page;
        if let JobError::LeaseLost = error {
            tracing::info!(page.number = %page, job.attempt = claimed.attempt, "a page is no longer ours: its task was stopped or deleted, or its lease ran out");
            return Ok(Settled::GoOn);
        }
        let mut tx = self.services.database.begin_system().await?;
        let settled = match error {
            JobError::LeaseLost => Settled::GoOn,
            JobError::Stopping => {
                pages::release(&mut tx, claimed, Duration::ZERO).await?;
                Settled::Halt
            }
            JobError::World(source) => {
                let delay = back_off(claimed.attempt, claimed.tries);
                tracing::warn!(page.number = %page, error = %source, delay_ms = delay.as_millis(), "a page has to wait");
                pages::release(&mut tx, claimed, delay).await?;
                self.wake_after(delay, entry_of_page(claimed));
                Settled::Halt
            }
            // Only inspection scans, so no page ends like this.
            JobError::Unscanned(_) => pages::fail(&mut tx, claimed, FailureCode::NotScanned).await?.into(),
            JobError::Document(code) => {
                tracing::info!(page.number = %page, failure.code = %code, "a page can't be read");
                pages::fail(&mut tx, claimed, *code).await?.into()
            }
            JobError::Reader(code) => {
                tracing::warn!(page.number = %page, failure.code = %code, job.attempt = claimed.attempt, "a page broke its reader");
                let max_attempts = self.max_attempts(*code);
                match pages::retry_or_fail(&mut tx, claimed, *code, max_attempts).await? {
                    Retried::Again { delay } => {
                        self.wake_after(delay, entry_of_page(claimed));
                        Settled::GoOn
                    }
                    Retried::Failed(completed) => completed.into(),
                }
            }
        };
        tx.commit().await?;
        Ok(settled)
    }

    /// Says how often a reader may fail in this way.
    pub(crate) fn max_attempts(&self, code: FailureCode) -> u32 {
        match code {
            FailureCode::Timeout | FailureCode::OutOfMemory => self.options.max_attempts.min(MAX_COSTLY_TRIES),
            // Whoever tried to get out gets no second chance.
            FailureCode::SandboxViolation => 1,
            _ => self.options.max_attempts,
        }
    }

    /// Writes down what became of a task that could not be inspected or finished.
    pub(crate) async fn settle_task(&self, claimed: &ClaimedTask, error: JobError) -> Settled {
        match self.try_settle_task(claimed, &error).await {
            Ok(settled) => settled,
            Err(untxt_database::Error::LeaseLost) => Settled::GoOn,
            Err(error) => {
                tracing::warn!(error = chain(&error), "a task could not be settled, its lease will run out");
                Settled::Halt
            }
        }
    }

    async fn try_settle_task(&self, claimed: &ClaimedTask, error: &JobError) -> untxt_database::Result<Settled> {
        if let JobError::LeaseLost = error {
            tracing::info!(
                job.attempt = claimed.attempt,
                "a task is no longer ours: it was stopped or deleted, or its lease ran out"
            );
            return Ok(Settled::GoOn);
        }
        let mut tx = self.services.database.begin_system().await?;
        let settled = match error {
            JobError::LeaseLost => Settled::GoOn,
            JobError::Stopping => {
                tasks::release(&mut tx, claimed, Duration::ZERO).await?;
                Settled::Halt
            }
            JobError::World(source) => {
                let delay = back_off(claimed.attempt, claimed.tries);
                tracing::warn!(error = %source, delay_ms = delay.as_millis(), "a task has to wait");
                tasks::release(&mut tx, claimed, delay).await?;
                self.wake_after(delay, entry_of_task(claimed));
                Settled::Halt
            }
            JobError::Unscanned(source) if claimed.tries < self.options.max_attempts => {
                let delay = patience_with_scanner(claimed.tries);
                tracing::warn!(error = %source, delay_ms = delay.as_millis(), job.attempt = claimed.attempt, "a document could not be scanned");
                tasks::retry(&mut tx, claimed, delay).await?;
                self.wake_after(delay, entry_of_task(claimed));
                Settled::Halt
            }
            JobError::Unscanned(_) => fail_task(&mut tx, claimed, FailureCode::NotScanned).await?,
            JobError::Document(code) | JobError::Reader(code) => fail_task(&mut tx, claimed, *code).await?,
        };
        tx.commit().await?;
        Ok(settled)
    }

    /// Wakes somebody when a pause is over; if this worker is gone by then, the sweeper does it a little later.
    fn wake_after(&self, delay: Duration, entry: QueueEntry) {
        let (wakeups, stop) = (Arc::clone(&self.wakeups), self.stop.clone());
        self.lifecycle.spawn(async move {
            tokio::select! {
                // a moment more, so that the database's clock agrees
                () = tokio::time::sleep(delay + Duration::from_millis(20)) => wakeups.push(&entry).await,
                () = stop.cancelled() => {}
            }
        });
    }
}

async fn fail_task(tx: &mut Transaction, claimed: &ClaimedTask, code: FailureCode) -> untxt_database::Result<Settled> {
    tracing::info!(failure.code = %code, "a document can't be read");
    tasks::fail(tx, claimed, code).await?;
    counter!("untxt_tasks_ended_total", "state" => TaskState::Failed.as_str()).increment(1);
    Ok(Settled::GoOn)
}

fn count_page(error: &JobError) {
    let outcome = match error {
        JobError::LeaseLost => "lost",
        JobError::Stopping => "handed_back",
        JobError::World(_) => "delayed",
        JobError::Unscanned(_) | JobError::Document(_) => "failed",
        JobError::Reader(_) => "retried",
    };
    counter!("untxt_pages_settled_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_after_every_release_but_not_after_tries() {
        assert_eq!(back_off(1, 1), Duration::from_secs(1));
        assert_eq!(back_off(3, 1), Duration::from_secs(4));
        assert_eq!(back_off(3, 3), Duration::from_secs(1));
        assert_eq!(back_off(500, 1), MAX_BACK_OFF);
    }
}
