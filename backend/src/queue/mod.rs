//! The queue over all owners, for administrators: who works, what waits, what was given up, and what to do about it.
//!
//! It answers the question why nothing happens. It knows ids, states, counts, reasons and whose a task is; never the
//! name of a document nor a word of it. That only administrators get here is said twice: here, and by the database.

mod cancel;
mod replay;
mod show;

use std::sync::Arc;

use untxt_core::domain::TaskId;
use untxt_database::{Transaction, queue};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, problem::ApiError, session::Actor};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show::show)).routes(routes!(cancel::cancel)).routes(routes!(replay::replay))
}

/// Begins a transaction of an administrator in the name of a task's owner.
async fn begin_for_owner(app: &App, actor: &Actor, task: TaskId) -> Result<Transaction, ApiError> {
    let mut tx = actor.begin_as_admin(app).await?;
    if queue::stand_in_for_owner(&mut tx, task).await? { Ok(tx) } else { Err(ApiError::TaskNotFound) }
}
