use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use untxt_core::domain::{DocumentId, OwnerId, TagId, TeamId};
use untxt_database::{
    PgConnection,
    documents::{self, DocumentAndTask, Filter, InFolder},
    emergency, shares, teams,
};
use utoipa::{IntoParams, ToSchema};

use super::{Document, file::refuse_unknown, keys::WrappedKeys};
use crate::{
    App, access::Subject, emergency::mark_list, extract::Query, problem::ApiError, session::Actor, tasks::load_places,
};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;
const BAD_SHARED: ApiError = ApiError::BadRequest("with shared=with_me there may be limit, before and folder, no more");
const BAD_OWNER: ApiError = ApiError::BadRequest("with owner there may be limit and before, no more");
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
    /// Those of a team.
    team: Option<TeamId>,
    /// Those of somebody whose documents are all open to the person in an emergency now.
    owner: Option<OwnerId>,
    /// `with_me`: those of others.
    #[param(inline)]
    shared: Option<Shared>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Shared {
    WithMe,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Documents {
    documents: Vec<Document>,
    /// Pass it as `before` to get the next, older ones; none at the end.
    next: Option<DocumentId>,
}

/// Lists the person's documents, newest first: those in the trash, or those that are not; or a team's; or those that others
/// share.
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
) -> Result<(Subject, Json<Documents>), ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let filter = page.filter()?;
    let mut tx = actor.begin(&app).await?;
    // One more than asked for says whether there is a next page.
    let subject = page.find_emergency(&mut tx).await?;
    let mut found = page.find(&mut tx, &actor, &filter, limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let keys = WrappedKeys::load(&mut tx, found.iter().map(|found| found.document.sealed_by())).await?;
    tx.commit().await?;
    let keys = keys.open(&app).await?;
    let open = |found: &DocumentAndTask| {
        let document = &found.document;
        Document::open(found, &keys.document_key(document.owner, document.id, &document.key)?)
    };
    let mut documents = found.iter().map(open).collect::<Result<Vec<_>, ApiError>>()?;
    let waiting: Vec<_> = documents.iter().filter_map(|document| document.task.waiting()).collect();
    if !waiting.is_empty() {
        let places = load_places(&app, &actor, &waiting).await?;
        documents.iter_mut().for_each(|document| document.task.place_among(&places));
    }
    let next = documents.last().filter(|_| has_more).map(|document| document.id);
    Ok((subject, Json(Documents { documents, next })))
}

impl Page {
    /// Refuses whoever lists what is another's without an emergency, and says by which it is, for the record.
    async fn find_emergency(&self, conn: &mut PgConnection) -> Result<Subject, ApiError> {
        let Some(owner) = self.owner else { return Ok(Subject::default()) };
        let access = emergency::find_running(conn, owner).await?.ok_or(ApiError::EmergencyNotFound)?;
        Ok(mark_list(access, owner))
    }

    async fn find(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        filter: &Filter,
        limit: u32,
    ) -> Result<Vec<DocumentAndTask>, ApiError> {
        let folder = filter.folder.and_then(InFolder::id);
        if self.shared.is_some() {
            if let Some(folder) = folder {
                shares::right_on_folder(conn, folder).await?.ok_or(ApiError::FolderNotFound)?;
            }
            return Ok(documents::list_shared(conn, folder, self.before, limit).await?);
        }
        if let Some(team) = self.team {
            teams::find(conn, actor.user, team).await?.ok_or(ApiError::TeamNotFound)?;
        }
        refuse_unknown(conn, folder, filter.tag.as_slice()).await?;
        let owner = self.owner.or(self.team.map(TeamId::as_owner)).unwrap_or(actor.owner());
        Ok(documents::list(conn, owner, filter, limit).await?)
    }

    fn filter(&self) -> Result<Filter, ApiError> {
        let folder = match self.folder.as_deref() {
            None => None,
            Some("none") => Some(InFolder::None),
            Some(id) => Some(InFolder::One(id.parse().map_err(|_| BAD_FOLDER)?)),
        };
        let is_confined = self.team.is_some() || self.tag.is_some() || self.trash || folder == Some(InFolder::None);
        if self.shared.is_some() && is_confined {
            return Err(BAD_SHARED);
        }
        if self.owner.is_some() && (is_confined || self.shared.is_some() || folder.is_some()) {
            return Err(BAD_OWNER);
        }
        Ok(Filter { before: self.before, folder, tag: self.tag, in_trash: self.trash })
    }
}
