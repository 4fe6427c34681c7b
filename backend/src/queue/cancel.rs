use std::sync::Arc;

use axum::{Json, extract::State};
use untxt_core::domain::TaskId;
use untxt_database::tasks;

use super::begin_for_owner;
use crate::{
    App,
    extract::Path,
    problem::ApiError,
    session::Actor,
    tasks::{Task, wake_worker},
};

/// Stops a task of anybody and gives it as it is then; one that has ended already is given as it ended.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<TaskId>,
) -> Result<Json<Task>, ApiError> {
    let mut tx = begin_for_owner(&app, &actor, id).await?;
    let stopped = tasks::cancel(&mut tx, id).await?.ok_or(ApiError::TaskNotFound)?;
    tx.commit().await?;
    tracing::info!(task.id = %id, user.id = %actor.user, "an administrator stopped a task");
    if let Some(next) = &stopped.next {
        wake_worker(&app, next);
    }
    Ok(Json(Task::from(&stopped.task)))
}
