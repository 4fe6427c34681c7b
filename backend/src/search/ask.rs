use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;
use untxt_core::domain::{DocumentId, FolderId, TagId};
use untxt_database::{PgConnection, folders, search::Filter};
use untxt_page::search::Query;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    answer::Answer,
    cursor::Cursor,
    look::{Asked, Period},
    scope::Scopes,
};
use crate::{
    App,
    documents::{check_tags, refuse_unknown},
    extract,
    problem::ApiError,
    session::Actor,
};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 50;

/// Documents that a search may be confined to by name.
const MAX_DOCUMENTS: usize = 200;

/// A document's id is made when its upload begins, and its time is written down when that has ended.
const LONGEST_UPLOAD: Duration = Duration::days(1);

/// What somebody looks for. Words must not stand in addresses, which are logged everywhere; so this is a body.
#[derive(Deserialize, ToSchema)]
#[schema(as = Search)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    query: String,
    #[serde(default, with = "time::serde::rfc3339::option")]
    from: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    to: Option<OffsetDateTime>,
    documents: Option<Vec<DocumentId>>,
    /// Also what is in folders in it.
    folder: Option<FolderId>,
    /// All of them.
    tags: Option<Vec<TagId>>,
    limit: Option<u32>,
    after: Option<String>,
}

/// Finds pages of the person, of their teams, and of what others share.
#[utoipa::path(
    post,
    path = "/api/v1/search",
    request_body = Wish,
    responses((status = 200, description = "pages that have it", body = Answer)),
)]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<Json<Answer>, ApiError> {
    let query = Arc::new(Query::parse(&wish.query).map_err(ApiError::Unsearchable)?);
    let after = wish.after()?;
    let mut filter = wish.filter()?;
    app.searches.begin(actor.user, Instant::now())?;
    let place = app.searches.place().await?;
    let mut tx = actor.begin(&app).await?;
    let scopes = wish.find_scopes(&mut tx, &actor, &mut filter).await?;
    tx.commit().await?;
    let limit = wish.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT) as usize;
    let period = Period { from: wish.from, to: wish.to };
    let asked = Asked { query: &query, filter: &filter, period, limit, place };
    Ok(Json(asked.answer(&app, &actor, scopes, after).await?))
}

impl Wish {
    fn after(&self) -> Result<Option<Cursor>, ApiError> {
        let parse =
            |text: &String| text.parse().map_err(|()| ApiError::BadRequest("after is what an answer gave as next"));
        self.after.as_ref().map(parse).transpose()
    }

    fn filter(&self) -> Result<Filter, ApiError> {
        if self.documents.as_ref().is_some_and(|documents| documents.len() > MAX_DOCUMENTS) {
            return Err(ApiError::BadRequest("documents has at most 200 ids"));
        }
        let from = self.from.map(|from| first_id_at(from.saturating_sub(LONGEST_UPLOAD)));
        let before = self.to.map(|to| first_id_at(to.saturating_add(Duration::milliseconds(1))));
        let tags = check_tags(self.tags.clone().unwrap_or_default())?;
        Ok(Filter { documents: self.documents.clone(), from, before, tags, folders: None, after: None })
    }

    /// Says whose pages are looked at. Folders and tags are their owner's alone; a folder of another, who shares it, is looked
    /// through in that owner's index.
    async fn find_scopes(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        filter: &mut Filter,
    ) -> Result<Scopes, ApiError> {
        refuse_unknown(conn, None, &filter.tags).await?;
        let Some(folder) = self.folder else {
            return if filter.tags.is_empty() { Scopes::load(conn, actor).await } else { Ok(Scopes::own(actor)) };
        };
        match refuse_unknown(conn, Some(folder), &[]).await {
            Ok(()) => {
                filter.folders = Some(folders::list_with_subfolders(conn, folder).await?);
                Ok(Scopes::own(actor))
            }
            Err(ApiError::FolderNotFound) if filter.tags.is_empty() => Scopes::load_folder(conn, folder).await,
            Err(error) => Err(error),
        }
    }
}

/// Gives the lowest id that is made at a time (UUID version 7: the first 48 bits are milliseconds since 1970).
fn first_id_at(time: OffsetDateTime) -> Uuid {
    let milliseconds = u128::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}
