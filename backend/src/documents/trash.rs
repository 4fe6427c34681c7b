//! Documents that may still be taken back.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use serde::{Deserialize, Serialize};
use untxt_core::domain::{DocumentId, Right};
use untxt_database::documents::{self, Restored};
use utoipa::ToSchema;

use super::{Document, show};
use crate::{App, extract::Path, problem::ApiError, session::Actor, shares::require};

/// Documents that one statement makes due.
const AT_ONCE: u32 = 500;

/// The part of the path that every address of a document has.
#[derive(Deserialize)]
pub(super) struct Which {
    document: DocumentId,
}

/// What became of what was in the trash.
#[derive(Serialize, ToSchema)]
pub(super) struct Emptied {
    shredded: u64,
    /// The rule of a folder or a legal hold keeps them.
    retained: u64,
}

/// Answers 409 for a document in the trash; the one place that does, for all routes that it is put before. Who asks for
/// nothing that there is, or is nobody, is told by the route.
pub(super) async fn refuse_trashed(
    State(app): State<Arc<App>>,
    actor: Result<Actor, ApiError>,
    which: Result<Path<Which>, ApiError>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (Ok(actor), Ok(Path(Which { document }))) = (actor, which) else { return Ok(next.run(request).await) };
    let mut tx = actor.begin(&app).await?;
    let is_in_trash = documents::is_in_trash(&mut tx, document).await?;
    tx.commit().await?;
    if is_in_trash { Err(ApiError::InTrash) } else { Ok(next.run(request).await) }
}

/// Takes a document out of the trash.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/restore",
    responses((status = 200, description = "the document", body = Document)),
)]
pub(super) async fn restore(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Json<Document>, ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    let mut tx = actor.begin(&app).await?;
    if documents::is_due(&mut tx, id).await? {
        return Err(ApiError::DocumentNotFound);
    }
    require(&mut tx, id, Right::Manage).await?;
    match documents::restore(&mut tx, id).await?.ok_or(ApiError::DocumentNotFound)? {
        Restored::WasNotInTrash => return Err(ApiError::NotInTrash),
        Restored::Back => tx.commit().await?,
    }
    show::load(&app, &actor, id).await
}

/// Makes everything due that the person has in the trash; a worker shreds it within seconds, and it is as good as gone.
#[utoipa::path(
    delete,
    path = "/api/v1/trash",
    responses((status = 200, description = "what became of it", body = Emptied)),
)]
pub(super) async fn empty(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Emptied>, ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    let (mut emptied, mut last) = (Emptied { shredded: 0, retained: 0 }, None);
    loop {
        // Some at a time, so that nobody waits for all.
        let mut tx = actor.begin(&app).await?;
        let some = documents::empty_trash(&mut tx, actor.owner(), last, AT_ONCE).await?;
        tx.commit().await?;
        let Some(some) = some else { return Ok(Json(emptied)) };
        emptied.shredded += some.due;
        emptied.retained += some.retained;
        last = Some(some.last);
    }
}
