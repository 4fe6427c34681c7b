use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use untxt_core::domain::FolderId;
use untxt_database::{folders, labels::lock};

use super::{open_names, refuse_loss};
use crate::{
    App,
    access::Subject,
    extract::Path,
    labels::{self, refuse_taken},
    problem::ApiError,
    session::Actor,
};

/// Deletes a folder; documents and folders in it go to its parent.
#[utoipa::path(delete, path = "/api/v1/folders/{folder}", responses((status = 204, description = "gone")))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<FolderId>,
) -> Result<(Subject, StatusCode), ApiError> {
    // It goes on although nobody waits any more: a folder of very many documents may take a while.
    let deleting = Arc::clone(&app);
    app.lifecycle.spawn(async move { delete_all(&deleting, &actor, id).await }).await.map_err(ApiError::internal)?
}

async fn delete_all(app: &App, actor: &Actor, id: FolderId) -> Result<(Subject, StatusCode), ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    let key = labels::find_key(app, actor).await?.ok_or(ApiError::FolderNotFound)?;
    // Not by the session's transaction: its row is locked when it counts as used, and that was done just now.
    let mut tx = app.db.begin_as(actor.user).await?;
    lock(&mut tx, actor.owner()).await?;
    let found = folders::find(&mut tx, id).await?.ok_or(ApiError::FolderNotFound)?;
    let inside = open_names(&mut tx, actor.owner(), &key, Some(id), None).await?;
    let outside = open_names(&mut tx, actor.owner(), &key, found.parent, Some(id)).await?;
    refuse_taken(&inside, &outside)?;
    refuse_loss(&mut tx, id, found.parent).await?;
    folders::delete(&mut tx, id).await?;
    tx.commit().await?;
    // The database can't look up any more whose it was.
    let subject = Subject { owner: Some(actor.owner()), ..Subject::default() };
    Ok((subject, StatusCode::NO_CONTENT))
}
