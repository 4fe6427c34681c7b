use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use untxt_core::domain::{EventSeq, TaskEvent, TaskId};
use untxt_database::{events, tasks};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    extract::{Path, Query},
    problem::ApiError,
    session::Actor,
};

/// Events of one answer; whoever gets that many asks again after the last one.
const MAX_EVENTS: u32 = 1000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    #[serde(default)]
    after: EventSeq,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Events {
    events: Vec<TaskEvent>,
}

/// Lists what happened to a task after an event that the client has seen.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{task}/events",
    params(After),
    responses((status = 200, description = "what happened", body = Events)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(task): Path<TaskId>,
    Query(query): Query<After>,
) -> Result<Json<Events>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    tasks::find(&mut tx, task).await?.ok_or(ApiError::TaskNotFound)?;
    let events = events::after(&mut tx, task, query.after, MAX_EVENTS).await?;
    tx.commit().await?;
    Ok(Json(Events { events }))
}
