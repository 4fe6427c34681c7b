use std::sync::Arc;

use async_trait::async_trait;
use metrics::{counter, gauge};
use untxt_core::monitoring::Subject;

use crate::App;

/// The backend, as its monitors see it.
pub(crate) struct Monitored(pub(crate) Arc<App>);

#[async_trait]
impl Subject for Monitored {
    /// It is ready while the database answers: what else it needs it can do without for a while.
    async fn ready(&self) -> Result<(), String> {
        self.0.db.check().await.map_err(|_unavailable| "the database does not answer".to_owned())
    }

    async fn look(&self) {
        let (used, idle) = self.0.db.connections();
        for (state, count) in [("used", used), ("idle", idle)] {
            gauge!("untxt_database_connections", "state" => state).set(u32::try_from(count).unwrap_or(u32::MAX));
        }
        // So that it is there with 0 before the first one: an alarm sees growth only.
        counter!("untxt_emergency_accesses_total").increment(0);
        gauge!("untxt_sockets").set(u32::try_from(self.0.hub.sockets().len()).unwrap_or(u32::MAX));
    }
}
