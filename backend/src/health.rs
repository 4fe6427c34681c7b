//! Whether this process can serve: for supervisors and load balancers. It says nothing else.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, problem::ApiError};

/// A database that takes longer is down, as far as people are concerned.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize, ToSchema)]
struct Health {
    status: &'static str,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(check))
}

#[utoipa::path(get, path = "/health", responses((status = 200, description = "it serves", body = Health)))]
async fn check(State(app): State<Arc<App>>) -> Result<Json<Health>, ApiError> {
    if app.lifecycle.stop_token().is_cancelled() {
        return Err(ApiError::Unavailable("the process is stopping".into()));
    }
    timeout(PATIENCE, app.db.check()).await.map_err(|elapsed| ApiError::Unavailable(elapsed.into()))??;
    Ok(Json(Health { status: "ok" }))
}
