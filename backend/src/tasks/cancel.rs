use std::sync::Arc;

use axum::{Json, extract::State};
use untxt_core::domain::{Right, TaskId};
use untxt_database::{Transaction, tasks};

use super::{Task, wake_worker};
use crate::{App, extract::Path, problem::ApiError, session::Actor, shares::require};

/// Stops a task and gives it as it is then. One that has ended already is given as it ended: stopping twice, or a
/// moment too late, is no error.
#[utoipa::path(
    post,
    path = "/api/v1/tasks/{task}/cancel",
    responses((status = 200, description = "as it is then", body = Task)),
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<TaskId>,
) -> Result<Json<Task>, ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    let mut tx = actor.begin(&app).await?;
    let task = tasks::find(&mut tx, id).await?.ok_or(ApiError::TaskNotFound)?;
    require(&mut tx, task.document, Right::Correct).await?;
    stop(&app, tx, id).await
}

/// Stops a task in the name of whoever this transaction acts for.
pub(crate) async fn stop(app: &App, mut tx: Transaction, id: TaskId) -> Result<Json<Task>, ApiError> {
    let stopped = tasks::cancel(&mut tx, id).await?.ok_or(ApiError::TaskNotFound)?;
    tx.commit().await?;
    if let Some(next) = &stopped.next {
        wake_worker(app, next);
    }
    Ok(Json(Task::from(&stopped.task)))
}
