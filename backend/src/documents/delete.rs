use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use untxt_core::{
    audit::AuditAction,
    domain::{DocumentId, Right, TrashReason},
};
use untxt_database::{
    PgConnection,
    documents::{self, ShredWish, Shredding},
    shreds,
};
use utoipa::IntoParams;

use crate::{
    App,
    access::Subject,
    extract::{Path, Query},
    problem::ApiError,
    session::Actor,
    shares::require,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    #[serde(default)]
    forever: bool,
}

/// Puts a document into the trash, or shreds it at once: then its key goes with its row, and what the store still has of it
/// is noise from then on. Doing it twice is no error.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}",
    params(How),
    responses((status = 204, description = "in the trash, or shredded")),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
    Query(How { forever }): Query<How>,
) -> Response {
    if !forever && app.trash.days > 0 {
        return put_into_trash(&app, &actor, id).await.into_response();
    }
    // It goes on although nobody waits any more: a long document with many readings may take a while.
    let shredding = Arc::clone(&app);
    let shredded = app.lifecycle.spawn(async move { shred(&shredding, &actor, id).await }).await;
    let subject = Subject { action: Some(AuditAction::DocumentDeleted), ..Subject::default() };
    (subject, shredded.unwrap_or_else(|error| Err(ApiError::internal(error)))).into_response()
}

async fn put_into_trash(app: &App, actor: &Actor, id: DocumentId) -> Result<StatusCode, ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    let mut tx = actor.begin(app).await?;
    if is_there(&mut tx, id).await? {
        documents::trash(&mut tx, id, app.trash.delay(), TrashReason::Person).await?;
        // Whoever lost the right meanwhile has changed nothing, and is told.
        is_there(&mut tx, id).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says whether there is a document that the person may delete; `false`: it was shredded before.
async fn is_there(conn: &mut PgConnection, id: DocumentId) -> Result<bool, ApiError> {
    match require(conn, id, Right::Manage).await {
        Ok(()) => Ok(true),
        Err(ApiError::DocumentNotFound) if shreds::find(conn, id).await?.is_some() => Ok(false),
        Err(error) => Err(error),
    }
}

async fn shred(app: &App, actor: &Actor, id: DocumentId) -> Result<StatusCode, ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    // The session's row is locked when it counts as used, and a long deletion must not hold up what else this person does.
    actor.begin(app).await?.commit().await?;
    let mut tx = app.db.begin_as(actor.user).await?;
    if !is_there(&mut tx, id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    match documents::shred(&mut tx, id, ShredWish::AtOnce).await? {
        Shredding::Done => {}
        Shredding::Retained { until } => return Err(ApiError::Retained { until: Some(until) }),
        Shredding::Held => return Err(ApiError::Held),
        Shredding::NotThere if shreds::find(&mut tx, id).await?.is_some() => {}
        Shredding::NotThere => return Err(ApiError::DocumentNotFound),
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
