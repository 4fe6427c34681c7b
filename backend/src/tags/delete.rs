use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use untxt_core::domain::TagId;
use untxt_database::tags;

use crate::{App, extract::Path, problem::ApiError, session::Actor};

/// Deletes a tag, and takes it from all documents.
#[utoipa::path(delete, path = "/api/v1/tags/{tag}", responses((status = 204, description = "gone")))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<TagId>,
) -> Result<StatusCode, ApiError> {
    // It goes on although nobody waits any more: a tag of very many documents may take a while.
    let deleting = Arc::clone(&app);
    app.lifecycle.spawn(async move { delete_all(&deleting, &actor, id).await }).await.map_err(ApiError::internal)?
}

async fn delete_all(app: &App, actor: &Actor, id: TagId) -> Result<StatusCode, ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    // The session's row is locked when it counts as used, and a long deletion must not hold up what else this person does.
    actor.begin(app).await?.commit().await?;
    let mut tx = app.db.begin_as(actor.user).await?;
    if !tags::delete(&mut tx, id).await? {
        return Err(ApiError::TagNotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
