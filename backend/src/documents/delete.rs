use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use untxt_core::{domain::DocumentId, telemetry::chain};
use untxt_database::documents;

use crate::{App, extract::Path, problem::ApiError, session::Actor};

/// Deletes a document. Its key goes with its row, so what the store still has of it is noise from then on.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode, ApiError> {
    // It goes on although nobody waits any more: a long document with many readings may take a while.
    let deleting = Arc::clone(&app);
    app.lifecycle.spawn(async move { delete_all(&deleting, &actor, id).await }).await.map_err(ApiError::internal)?
}

async fn delete_all(app: &App, actor: &Actor, id: DocumentId) -> Result<StatusCode, ApiError> {
    // The session's row is locked when it counts as used, and a long deletion must not hold up what else this person does.
    actor.begin(app).await?.commit().await?;
    let mut tx = app.db.begin_as(actor.user).await?;
    let deleted = documents::delete(&mut tx, id).await?.ok_or(ApiError::DocumentNotFound)?;
    tx.commit().await?;
    let objects = Arc::clone(&app.objects);
    app.lifecycle.spawn(async move {
        if let Err(error) = objects.delete(&deleted.objects).await {
            tracing::warn!(document.id = %id, error = chain(&error), "objects of a deleted document stay behind, unreadable");
        }
    });
    Ok(StatusCode::NO_CONTENT)
}
