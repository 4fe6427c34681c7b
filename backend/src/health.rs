//! Whether this process can serve: for supervisors and load balancers. It says nothing else.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use tokio::time::timeout;

use crate::{App, problem::ApiError};

/// A database that takes longer is down, as far as people are concerned.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/health", get(check))
}

async fn check(State(app): State<Arc<App>>) -> Result<Json<Health>, ApiError> {
    if app.lifecycle.stop_token().is_cancelled() {
        return Err(ApiError::Unavailable("the process is stopping".into()));
    }
    timeout(PATIENCE, app.db.check()).await.map_err(|elapsed| ApiError::Unavailable(elapsed.into()))??;
    Ok(Json(Health { status: "ok" }))
}
