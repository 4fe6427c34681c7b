//! Making tags, and changing them, under the lock of the owner.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Deserialize;
use untxt_core::{
    crypto::LabelKey,
    domain::{Colour, LabelName, TagId},
};
use untxt_database::{
    labels::lock,
    tags::{self, Tag as Found},
};
use utoipa::ToSchema;

use super::Tag;
use crate::{
    App,
    access::Subject,
    extract,
    labels::{self, check_colour, check_name, damaged, refuse_taken},
    problem::ApiError,
    session::Actor,
};

/// Tags of one owner; all of them are in every list.
const MAX_TAGS: usize = 1000;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewTag)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    colour: Option<String>,
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = TagChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    name: Option<String>,
    colour: Option<String>,
}

/// Makes a tag: 201.
#[utoipa::path(
    post,
    path = "/api/v1/tags",
    request_body = New,
    responses((status = 201, description = "made", body = Tag)),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(new): extract::Json<New>,
) -> Result<(StatusCode, Subject, Json<Tag>), ApiError> {
    let name = check_name(&new.name)?;
    let colour = new.colour.as_deref().map_or(Ok(Colour::DEFAULT), check_colour)?;
    let _turn = app.turns.take(actor.owner()).await?;
    let key = labels::key(&app, &actor).await?;
    let (id, owner) = (TagId::generate(), actor.owner());
    let mut tx = actor.begin(&app).await?;
    lock(&mut tx, owner).await?;
    let others = tags::list(&mut tx, owner).await?;
    if others.len() >= MAX_TAGS {
        return Err(ApiError::TooManyTags);
    }
    refuse_taken([&name], &open_names(&others, &key, id)?)?;
    tags::insert(&mut tx, id, owner, &key.seal_tag_name(id, &name)?, colour).await?;
    let found = tags::find(&mut tx, id).await?.ok_or(ApiError::TagNotFound)?;
    tx.commit().await?;
    let subject = Subject { owner: Some(owner), object: Some(id.into()), ..Subject::default() };
    Ok((StatusCode::CREATED, subject, Json(Tag::open(&found, &key)?)))
}

/// Renames a tag, or changes how it is shown.
#[utoipa::path(
    patch,
    path = "/api/v1/tags/{tag}",
    request_body = Change,
    responses((status = 200, description = "as it is then", body = Tag)),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<TagId>,
    extract::Json(change): extract::Json<Change>,
) -> Result<Json<Tag>, ApiError> {
    let name = change.name.as_deref().map(check_name).transpose()?;
    let colour = change.colour.as_deref().map(check_colour).transpose()?;
    let _turn = app.turns.take(actor.owner()).await?;
    let key = labels::find_key(&app, &actor).await?.ok_or(ApiError::TagNotFound)?;
    let mut tx = actor.begin(&app).await?;
    lock(&mut tx, actor.owner()).await?;
    let mut found = tags::find(&mut tx, id).await?.ok_or(ApiError::TagNotFound)?;
    if let Some(name) = name {
        refuse_taken([&name], &open_names(&tags::list(&mut tx, actor.owner()).await?, &key, id)?)?;
        found.name_sealed = key.seal_tag_name(id, &name)?;
    }
    found.colour = colour.unwrap_or(found.colour);
    tags::update(&mut tx, id, &found.name_sealed, found.colour).await?;
    tx.commit().await?;
    Ok(Json(Tag::open(&found, &key)?))
}

fn open_names(found: &[Found], key: &LabelKey, but: TagId) -> Result<Vec<LabelName>, ApiError> {
    let others = found.iter().filter(|tag| tag.id != but);
    others.map(|tag| key.open_tag_name(tag.id, &tag.name_sealed).map_err(damaged(tag.id))).collect()
}
