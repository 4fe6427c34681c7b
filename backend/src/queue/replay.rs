use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use http::StatusCode;
use untxt_core::domain::TaskId;
use untxt_database::tasks::{self, Begun};

use super::begin_for_owner;
use crate::{
    App,
    extract::Path,
    observe::RequestId,
    problem::ApiError,
    session::Actor,
    tasks::{Task, wake_worker},
};

/// Has what an ended task left undone done by a new one: 202 with that task.
#[utoipa::path(
    post,
    path = "/api/v1/admin/tasks/{task}/replay",
    responses((status = 202, description = "begun", body = Task)),
)]
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(ended): Path<TaskId>,
    Extension(RequestId(trace)): Extension<RequestId>,
) -> Result<(StatusCode, Json<Task>), ApiError> {
    let mut tx = begin_for_owner(&app, &actor, ended).await?;
    let begun = tasks::begin_replay(&mut tx, ended, trace).await?.ok_or(ApiError::TaskNotFound)?;
    let task = match begun {
        Begun::New(task) | Begun::Existing(task) => task,
        Begun::Refused(refusal) => return Err(refusal.into()),
    };
    tx.commit().await?;
    tracing::info!(task.id = %task.id, user.id = %actor.user, "an administrator has a document read again");
    wake_worker(&app, &task);
    Ok((StatusCode::ACCEPTED, Json(Task::from(&task))))
}
