use std::sync::Arc;

use axum::{Json, extract::State};
use untxt_core::domain::TaskId;

use super::begin_for_owner;
use crate::{
    App,
    extract::Path,
    problem::ApiError,
    session::Actor,
    tasks::{Task, stop},
};

/// Stops a task of anybody and gives it as it is then; one that has ended already is given as it ended.
#[utoipa::path(
    post,
    path = "/api/v1/admin/tasks/{task}/cancel",
    responses((status = 200, description = "as it is then", body = Task)),
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<TaskId>,
) -> Result<Json<Task>, ApiError> {
    let stopped = stop(&app, begin_for_owner(&app, &actor, id).await?, id).await?;
    tracing::info!(task.id = %id, user.id = %actor.user, "an administrator stopped a task");
    Ok(stopped)
}
