//! Putting documents into folders, and giving them tags.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use untxt_core::domain::{DocumentId, FolderId, Right, TagId};
use untxt_database::{
    Error, PgConnection,
    documents::{self, Filed, Filing},
    folders, shares, tags,
};
use utoipa::ToSchema;

use super::{Document, show};
use crate::{App, extract, labels::present, problem::ApiError, session::Actor, shares::require};

/// Tags that one document may have.
const MAX_TAGS: usize = 50;

/// What is left out stays as it is; `folder` null takes it out of its folder.
#[derive(Deserialize, ToSchema)]
#[schema(as = Filing)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[serde(default, deserialize_with = "present")]
    folder: Option<Option<FolderId>>,
    tags: Option<Vec<TagId>>,
}

/// Files a document, and gives it as it is then.
#[utoipa::path(
    patch,
    path = "/api/v1/documents/{document}",
    request_body = Wish,
    responses((status = 200, description = "the document", body = Document)),
)]
pub(super) async fn file(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<DocumentId>,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<Json<Document>, ApiError> {
    let filing = Filing { folder: wish.folder, tags: wish.tags.map(check_tags).transpose()? };
    let _turn = app.turns.take(actor.owner()).await?;
    let mut tx = actor.begin(&app).await?;
    require(&mut tx, id, Right::Manage).await?;
    refuse_of_others(&mut tx, &actor, id, &filing).await?;
    match documents::file(&mut tx, id, &filing).await.map_err(of_filing)? {
        Filed::Done => tx.commit().await?,
        Filed::NotThere => return Err(ApiError::DocumentNotFound),
        Filed::Retained { until } => return Err(ApiError::Retained { until: Some(until) }),
    }
    show::load(&app, &actor, id).await
}

/// Refuses to file what is another's where one may not: in folders that one manages too, and never with tags, which are its
/// owner's.
async fn refuse_of_others(
    conn: &mut PgConnection,
    actor: &Actor,
    id: DocumentId,
    filing: &Filing,
) -> Result<(), ApiError> {
    let found = documents::find(conn, id).await?.ok_or(ApiError::DocumentNotFound)?;
    if found.document.owner == actor.owner() {
        return Ok(());
    }
    if filing.tags.is_some() {
        return Err(ApiError::RightMissing);
    }
    match filing.folder {
        None => Ok(()),
        Some(None) => Err(ApiError::RightMissing),
        Some(Some(folder)) => match shares::right_on_folder(conn, folder).await?.ok_or(ApiError::FolderNotFound)? {
            Right::Manage => Ok(()),
            _ => Err(ApiError::RightMissing),
        },
    }
}

/// Takes each tag once, and not too many.
pub(crate) fn check_tags(mut tags: Vec<TagId>) -> Result<Vec<TagId>, ApiError> {
    tags.sort_unstable();
    tags.dedup();
    match tags.len() {
        0..=MAX_TAGS => Ok(tags),
        _ => Err(ApiError::BadRequest("a document has at most 50 tags")),
    }
}

/// Refuses a folder or tags that the person doesn't have.
pub(crate) async fn refuse_unknown(
    conn: &mut PgConnection,
    folder: Option<FolderId>,
    tags: &[TagId],
) -> Result<(), ApiError> {
    if let Some(folder) = folder
        && !folders::exists(conn, folder).await?
    {
        return Err(ApiError::FolderNotFound);
    }
    if !tags.is_empty() && tags::count_known(conn, tags).await? < tags.len() {
        return Err(ApiError::TagNotFound);
    }
    Ok(())
}

/// Says what it means that a document can't be put somewhere: what is there was deleted, or never was there.
pub(super) fn of_filing(error: Error) -> ApiError {
    match error {
        Error::Conflict(constraint) if constraint == documents::FOLDER => ApiError::FolderNotFound,
        Error::Conflict(constraint) if constraint == documents::FOLDER_RIGHT => ApiError::RightMissing,
        Error::Conflict(constraint) if constraint == documents::TAG => ApiError::TagNotFound,
        other => other.into(),
    }
}
