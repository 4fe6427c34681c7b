use std::sync::Arc;

use untxt_core::{
    queue::{QueueEntry, QueueKind},
    telemetry::chain,
};
use untxt_database::tasks;

use crate::App;

/// Tells the workers of a new task. If that fails the sweeper finds it by itself, so nobody waits for it here.
pub(crate) fn wake_worker(app: &App, task: &tasks::Task) {
    let entry = QueueEntry::new(QueueKind::Inspect, task.id, task.queue, task.trace);
    let queue = Arc::clone(&app.queue);
    app.lifecycle.spawn(async move {
        if let Err(error) = queue.push(&entry).await {
            tracing::warn!(task.id = %entry.task, error = chain(&error), "no wake-up was sent; the sweeper will");
        }
    });
}
