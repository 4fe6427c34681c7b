use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use untxt_core::domain::{DocumentId, TagId};
use untxt_database::documents::{self, Filter, InFolder};
use utoipa::{IntoParams, ToSchema};

use super::{Document, file::refuse_unknown, keys::WrappedKeys};
use crate::{App, extract::Query, problem::ApiError, session::Actor, tasks::load_places};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;
const BAD_FOLDER: ApiError = ApiError::BadRequest("folder is the id of a folder, or none");

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    limit: Option<u32>,
    before: Option<DocumentId>,
    /// The id of a folder, or `none`.
    folder: Option<String>,
    tag: Option<TagId>,
    #[serde(default)]
    trash: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Documents {
    documents: Vec<Document>,
    /// Pass it as `before` to get the next, older ones; none at the end.
    next: Option<DocumentId>,
}

/// Lists the person's documents, newest first: those in the trash, or those that are not.
#[utoipa::path(
    get,
    path = "/api/v1/documents",
    params(Page),
    responses((status = 200, description = "documents, newest first", body = Documents)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Query(page): Query<Page>,
) -> Result<Json<Documents>, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let filter = page.filter()?;
    let mut tx = actor.begin(&app).await?;
    refuse_unknown(&mut tx, filter.folder.and_then(InFolder::id), filter.tag.as_slice()).await?;
    // One more than asked for says whether there is a next page.
    let mut found = documents::list(&mut tx, actor.owner(), &filter, limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let keys =
        WrappedKeys::load(&mut tx, actor.owner(), found.iter().map(|found| found.document.key.owner_key_version))
            .await?;
    tx.commit().await?;
    let keys = keys.open(&app).await?;
    let open = |found| Document::open(found, &keys.document_key(found.document.id, &found.document.key)?);
    let mut documents = found.iter().map(open).collect::<Result<Vec<_>, ApiError>>()?;
    let waiting: Vec<_> = documents.iter().filter_map(|document| document.task.waiting()).collect();
    if !waiting.is_empty() {
        let places = load_places(&app, &actor, &waiting).await?;
        documents.iter_mut().for_each(|document| document.task.place_among(&places));
    }
    let next = documents.last().filter(|_| has_more).map(|document| document.id);
    Ok(Json(Documents { documents, next }))
}

impl Page {
    fn filter(&self) -> Result<Filter, ApiError> {
        let folder = match self.folder.as_deref() {
            None => None,
            Some("none") => Some(InFolder::None),
            Some(id) => Some(InFolder::One(id.parse().map_err(|_| BAD_FOLDER)?)),
        };
        Ok(Filter { before: self.before, folder, tag: self.tag, in_trash: self.trash })
    }
}
