use std::sync::Arc;

use axum::{Json, extract::State};
use untxt_core::domain::DocumentId;
use untxt_database::documents::DocumentAndTask;

use super::{
    Asker,
    document::{Document, Opened},
};
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

/// What is told of a document to whoever is given it without an account.
pub(crate) struct Outline {
    pub(crate) name: String,
    pub(crate) pages: u32,
    pub(crate) size_bytes: u64,
}

/// Gives the outline of a document as it is now.
pub(crate) async fn load_outline(app: &App, asker: &Asker, id: DocumentId) -> Result<Outline, ApiError> {
    let opened = Opened::load_readable(app, asker, id).await?;
    let DocumentAndTask { document, task, .. } = &opened.found;
    Ok(Outline { name: opened.metadata()?.name, pages: task.pages.total, size_bytes: document.size_bytes })
}
