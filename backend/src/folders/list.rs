use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use untxt_database::folders;
use utoipa::ToSchema;

use super::Folder;
use crate::{App, labels, problem::ApiError, session::Actor};

#[derive(Serialize, ToSchema)]
pub(super) struct Folders {
    /// All of them, parents before what is in them.
    folders: Vec<Folder>,
}

/// Lists the person's folders.
#[utoipa::path(get, path = "/api/v1/folders", responses((status = 200, description = "all of them", body = Folders)))]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Folders>, ApiError> {
    let Some(key) = labels::find_key(&app, &actor).await? else { return Ok(Json(Folders { folders: Vec::new() })) };
    let mut tx = actor.begin(&app).await?;
    let found = folders::list(&mut tx, actor.owner()).await?;
    tx.commit().await?;
    let folders = found.iter().map(|found| Folder::open(found, &key)).collect::<Result<_, _>>()?;
    Ok(Json(Folders { folders }))
}
