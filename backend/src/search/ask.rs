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
    answer::{Answer, Total, terms},
    candidates::{Candidates, Place, find_candidates},
    cursor::Cursor,
    keys::Index,
    open::open,
    pace,
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

/// Pages that are opened for one answer; what is left, the next answer goes on with. Each takes about a millisecond.
const MAX_OPENED: usize = 200;

/// How often the index is asked when it changes all the time: it does so once a key is replaced, or 131,072 pages are read.
const MAX_TRIES: u32 = 3;

/// Documents that a search may be confined to by name.
const MAX_DOCUMENTS: usize = 200;

/// Pages in memory at once: one may have tens of megabytes of words.
const PAGES_AT_ONCE: usize = 8;

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

/// When documents were accepted that are looked at.
#[derive(Clone, Copy)]
pub(super) struct Period {
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
}

/// Finds pages of the person.
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
    filter.folders = wish.folders(&mut tx, &filter.tags).await?;
    tx.commit().await?;
    let after = after.map(|Cursor(place)| place);
    let found = ask_index(&app, &actor, &query, &filter, after).await?;
    let limit = wish.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT) as usize;
    let asked = Asked { query: &query, period: Period { from: wish.from, to: wish.to }, limit, place };
    Ok(Json(asked.answer(&app, &actor, &found, after.is_none()).await?))
}

/// What the index named, and whether it could name every page.
struct Found {
    candidates: Candidates,
    is_complete: bool,
}

/// Asks the index, and asks again when it got another key or another segment meanwhile.
async fn ask_index(
    app: &App,
    actor: &Actor,
    query: &Arc<Query>,
    filter: &Filter,
    after: Option<Place>,
) -> Result<Found, ApiError> {
    let mut tries = 0;
    loop {
        let index = Index::load(app, actor).await?;
        let mut tx = actor.begin(app).await?;
        let candidates = find_candidates(&mut tx, &index.keys, &index.segments, query, filter, after).await?;
        let has_grown = index.has_grown(&mut tx, actor).await?;
        tx.commit().await?;
        tries += 1;
        if !has_grown || tries == MAX_TRIES {
            return Ok(Found { candidates, is_complete: index.is_complete && !has_grown });
        }
    }
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

    /// Lists the folder and those in it, having seen that the person has it, and these tags.
    async fn folders(&self, conn: &mut PgConnection, tags: &[TagId]) -> Result<Option<Vec<FolderId>>, ApiError> {
        refuse_unknown(conn, self.folder, tags).await?;
        let Some(folder) = self.folder else { return Ok(None) };
        Ok(Some(folders::list_with_subfolders(conn, folder).await?))
    }
}

/// Gives the lowest id that is made at a time (UUID version 7: the first 48 bits are milliseconds since 1970).
fn first_id_at(time: OffsetDateTime) -> Uuid {
    let milliseconds = u128::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

impl Period {
    pub(super) fn has(&self, time: OffsetDateTime) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to)
    }
}

/// A query and how much of the answer is wanted.
pub(super) struct Asked<'a> {
    pub(super) query: &'a Arc<Query>,
    pub(super) period: Period,
    limit: usize,
    /// Kept by what works for it.
    pub(super) place: pace::Place,
}

impl Asked<'_> {
    /// Opens candidates, one handful after the other, until enough are found.
    async fn answer(
        &self,
        app: &App,
        actor: &Actor,
        Found { candidates, is_complete }: &Found,
        is_first: bool,
    ) -> Result<Answer, ApiError> {
        let is_complete = *is_complete;
        let (mut hits, mut opened, mut last) = (Vec::new(), 0, None);
        for some in candidates.found.chunks(PAGES_AT_ONCE) {
            if hits.len() >= self.limit || opened >= MAX_OPENED {
                break;
            }
            let readings: Vec<_> = some.iter().map(|(_, reading)| *reading).collect();
            let mut found = open(app, actor, self, &readings).await?;
            for (place, reading) in some {
                if hits.len() >= self.limit {
                    break;
                }
                hits.extend(found.remove(reading));
                opened += 1;
                last = Some(*place);
            }
        }
        let next = if opened < candidates.found.len() { last } else { candidates.next };
        let is_counted = is_first && next.is_none();
        let is_exact = is_counted && is_complete;
        let pages = if is_counted { hits.len() } else { candidates.found.len() - (opened - hits.len()) };
        let next = next.map(|place| Cursor(place).to_string());
        Ok(Answer { terms: terms(self.query), hits, total: Total { pages, is_exact }, is_complete, next })
    }
}
