use std::sync::Arc;

use axum::{Json, extract::State};
use untxt_core::domain::DocumentId;

use super::document::{Document, Opened};
use crate::{App, extract::Path, problem::ApiError, session::Actor, tasks::load_places};

#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}",
    responses((status = 200, description = "the document", body = Document)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Json<Document>, ApiError> {
    load(&app, &actor, id).await
}

/// Gives a document of the person as it is now.
pub(super) async fn load(app: &App, actor: &Actor, id: DocumentId) -> Result<Json<Document>, ApiError> {
    let opened = Opened::load(app, actor, id).await?;
    let mut document = Document::open(&opened.found, &opened.key)?;
    if let Some(waiting) = document.task.waiting() {
        document.task.place_among(&*load_places(app, actor, &[waiting]).await?);
    }
    Ok(Json(document))
}
