use std::sync::Arc;

use async_trait::async_trait;
use metrics::gauge;
use untxt_core::{monitoring::Subject, telemetry::chain};
use untxt_database::tasks::{self, Backlog};

use crate::worker::Worker;

/// The worker, as its monitors see it.
pub(crate) struct Monitored(pub(crate) Arc<Worker>);

#[async_trait]
impl Subject for Monitored {
    /// It is ready while the database answers; without the queue it goes on.
    async fn ready(&self) -> Result<(), String> {
        self.0.services.database.check().await.map_err(|_unavailable| "the database does not answer".to_owned())
    }

    async fn look(&self) {
        let (used, idle) = self.0.services.database.connections();
        for (state, count) in [("used", used), ("idle", idle)] {
            gauge!("untxt_database_connections", "state" => state).set(u32::try_from(count).unwrap_or(u32::MAX));
        }
        gauge!("untxt_queue_answers").set(if self.0.wakeups.is_queue_down() { 0 } else { 1 });
        match self.backlog().await {
            Ok(backlog) => tell(&backlog),
            Err(error) => tracing::debug!(error = chain(&error), "the backlog could not be counted"),
        }
    }
}

impl Monitored {
    async fn backlog(&self) -> untxt_database::Result<Backlog> {
        let mut tx = self.0.services.database.begin_system().await?;
        let backlog = tasks::backlog(&mut tx).await?;
        tx.commit().await?;
        Ok(backlog)
    }
}

fn tell(backlog: &Backlog) {
    for (state, count) in [
        ("queued", backlog.queued),
        ("inspecting", backlog.inspecting),
        ("processing", backlog.processing),
        ("finishing", backlog.finishing),
    ] {
        gauge!("untxt_tasks_open", "state" => state).set(count);
    }
    for (state, count) in [("queued", backlog.pages_queued), ("processing", backlog.pages_processing)] {
        gauge!("untxt_pages_open", "state" => state).set(count);
    }
    gauge!("untxt_leases_overdue").set(backlog.leases_overdue);
    gauge!("untxt_queue_oldest_seconds").set(backlog.oldest_seconds);
}
