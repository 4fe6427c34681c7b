use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use untxt_database::tags;
use utoipa::ToSchema;

use super::Tag;
use crate::{App, labels, problem::ApiError, session::Actor};

#[derive(Serialize, ToSchema)]
pub(super) struct Tags {
    /// All of them, oldest first.
    tags: Vec<Tag>,
}

/// Lists the person's tags.
#[utoipa::path(get, path = "/api/v1/tags", responses((status = 200, description = "all of them", body = Tags)))]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Tags>, ApiError> {
    let Some(key) = labels::find_key(&app, &actor).await? else { return Ok(Json(Tags { tags: Vec::new() })) };
    let mut tx = actor.begin(&app).await?;
    let found = tags::list(&mut tx, actor.owner()).await?;
    tx.commit().await?;
    let tags = found.iter().map(|found| Tag::open(found, &key)).collect::<Result<_, _>>()?;
    Ok(Json(Tags { tags }))
}
