//! Hearing at once of tasks that were stopped or deleted while we work on them.
//!
//! The word only makes a heartbeat ask early whether its claim is still ours; a lost word costs a quarter of a lease.

use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use untxt_core::domain::TaskId;
use untxt_database::events::{Listener, Withdrawn};

use crate::worker::Worker;

/// Words that a heartbeat may be behind; one that is further behind asks in any case.
pub(crate) const MAX_BEHIND: usize = 64;

/// Passes on what the database says until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let on_behalf = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        let mut listener = Listener::<Withdrawn>::new(&on_behalf.services.database, on_behalf.stop.clone());
        while let Some(withdrawn) = listener.next().await {
            // An error means that nobody works on anything.
            let _ = on_behalf.withdrawals.send(withdrawn);
        }
    });
}

/// Waits until this task may have been withdrawn.
pub(crate) async fn of(task: TaskId, withdrawn: &mut Receiver<Withdrawn>) {
    loop {
        match withdrawn.recv().await {
            Ok(Withdrawn::Task(other)) if other != task => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
