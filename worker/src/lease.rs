//! Keeping a claim alive while its work goes on.
//!
//! A heartbeat renews the lease at a quarter of its length, and when its task may have been withdrawn. When the database says that the claim is somebody
//! else's, or has not answered for a whole lease, the work is dropped, and a child that reads for it dies.

use std::{future::Future, time::Duration};

use tokio::{
    sync::broadcast,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use untxt_core::{domain::TaskId, lifecycle::Lifecycle};
use untxt_database::{
    Database, Error, Result,
    events::Withdrawn,
    pages::{self, ClaimedPage},
    tasks::{self, ClaimedTask},
};

use crate::{
    error::{JobError, JobResult},
    withdrawals,
};

/// A claim that can be renewed.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    Task(ClaimedTask),
    Page(ClaimedPage),
}

/// What a heartbeat keeps alive.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) claim: Claim,
    pub(crate) lease: Duration,
    /// Tells of tasks that were taken from us.
    pub(crate) withdrawn: broadcast::Receiver<Withdrawn>,
}

impl Claim {
    const fn task(&self) -> TaskId {
        match self {
            Self::Task(claimed) => claimed.task,
            Self::Page(claimed) => claimed.task,
        }
    }

    async fn extend(&self, database: &Database, lease: Duration) -> Result<()> {
        let mut tx = database.begin_system().await?;
        match self {
            Self::Task(claimed) => tasks::extend_lease(&mut tx, claimed, lease).await?,
            Self::Page(claimed) => pages::extend_lease(&mut tx, claimed, lease).await?,
        }
        tx.commit().await
    }
}

/// A heartbeat, until this is dropped.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    lost: CancellationToken,
    abort: CancellationToken,
    _ends_with_us: DropGuard,
}

impl Heartbeat {
    /// Begins to renew a fresh claim. Work under it also ends when `abort` is cancelled.
    pub(crate) fn begin(lifecycle: &Lifecycle, database: &Database, work: Work, abort: &CancellationToken) -> Self {
        let (lost, end) = (CancellationToken::new(), CancellationToken::new());
        let (database, tell, ended) = (database.clone(), lost.clone(), end.clone());
        lifecycle.spawn(async move {
            tokio::select! {
                () = beat(&database, work) => tell.cancel(),
                () = ended.cancelled() => {}
            }
        });
        Self { lost, abort: abort.clone(), _ends_with_us: end.drop_guard() }
    }

    /// Does work for as long as the claim is ours.
    pub(crate) async fn guard<T>(&self, work: impl Future<Output = JobResult<T>>) -> JobResult<T> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.lost.cancelled() => Err(JobError::LeaseLost),
            () = self.abort.cancelled() => Err(JobError::Stopping),
        }
    }
}

/// Renews until the claim is lost.
async fn beat(database: &Database, Work { claim, lease, mut withdrawn }: Work) {
    let mut ours_until = Instant::now() + lease;
    loop {
        tokio::select! {
            () = sleep(lease / 4) => {}
            () = withdrawals::of(claim.task(), &mut withdrawn) => {}
        }
        // Measured from before the question: the database's lease began no earlier.
        let asked = Instant::now();
        match timeout(lease / 4, claim.extend(database, lease)).await {
            Ok(Ok(())) => ours_until = asked + lease,
            Ok(Err(Error::LeaseLost)) => return,
            _no_answer if Instant::now() + lease / 4 >= ours_until => return,
            _no_answer => tracing::warn!("a lease could not be renewed, trying again"),
        }
    }
}
