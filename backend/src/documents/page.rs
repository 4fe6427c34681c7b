use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use untxt_core::{
    domain::{DocumentId, Failure, PageContent, PageNumber, PageState, TaskId},
    storage::ObjectKey,
};
use untxt_database::pages::{self, PageWithContent};
use utoipa::{IntoParams, ToSchema};

use super::{document::Opened, object, range::Asked, reader::Reader};
use crate::{
    App,
    extract::{Path, Query},
    problem::ApiError,
    session::Actor,
};

/// A page as a person sees it in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Page {
    page: PageNumber,
    state: PageState,
    width: Option<u32>,
    height: Option<u32>,
    dpi: Option<u32>,
    mean_confidence: Option<f32>,
    failure: Option<Failure>,
    /// The run that made the result which is shown.
    task: TaskId,
    reread: Option<Reread>,
    other: Option<OtherResult>,
}

/// How reading the page again goes, while an older result is shown.
#[derive(Serialize, ToSchema)]
struct Reread {
    state: PageState,
    failure: Option<Failure>,
}

/// The result that could be shown instead.
#[derive(Serialize, ToSchema)]
struct OtherResult {
    task: TaskId,
    mean_confidence: f32,
    is_newer: bool,
    is_undecided: bool,
}

/// Which result of a page; without it, the one that is shown.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultQuery {
    task: Option<TaskId>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Pages {
    pages: Vec<Page>,
}

/// A page that was read.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadPage {
    page: PageNumber,
    state: PageState,
    /// The run that read it.
    task: TaskId,
    #[serde(flatten)]
    content: PageContent,
}

impl From<pages::Page> for Page {
    fn from(page: pages::Page) -> Self {
        Self {
            page: page.number,
            state: page.state,
            width: page.width,
            height: page.height,
            dpi: page.dpi,
            mean_confidence: page.mean_confidence,
            failure: page.failure.map(Failure::from),
            task: page.task,
            reread: page
                .reread
                .map(|reread| Reread { state: reread.state, failure: reread.failure.map(Failure::from) }),
            other: page.other.map(|other| OtherResult {
                task: other.task,
                mean_confidence: other.mean_confidence,
                is_newer: other.is_newer,
                is_undecided: other.is_undecided,
            }),
        }
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/pages",
    responses((status = 200, description = "states of all pages", body = Pages)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Json<Pages>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let found = untxt_database::documents::find(&mut tx, id).await?.ok_or(ApiError::DocumentNotFound)?;
    let pages = pages::list(&mut tx, found.task.id).await?;
    tx.commit().await?;
    Ok(Json(Pages { pages: pages.into_iter().map(Page::from).collect() }))
}

#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/pages/{page}",
    params(ResultQuery),
    responses((status = 200, description = "what was read", body = ReadPage)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path((id, number)): Path<(DocumentId, PageNumber)>,
    Query(result): Query<ResultQuery>,
) -> Result<Json<ReadPage>, ApiError> {
    let (opened, page) = load_result(&app, &actor, (id, number), result).await?;
    let content = open_content(&opened, &page)?;
    Ok(Json(ReadPage { page: number, state: page.page.state, task: page.page.task, content }))
}

/// Gives the picture of the page that the boxes of its words fit on.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/pages/{page}/image",
    params(ResultQuery, ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, description = "the picture", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))), (status = 206, description = "a part of it", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp")))),
)]
pub(super) async fn image(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path((id, number)): Path<(DocumentId, PageNumber)>,
    Query(result): Query<ResultQuery>,
    asked: Asked,
) -> Result<Response, ApiError> {
    let (opened, page) = load_result(&app, &actor, (id, number), result).await?;
    let image = page.page.image.ok_or(ApiError::PageNotReady)?;
    let key = ObjectKey::PageImage(id, page.page.task, number, image.attempt);
    let picture = object::open(&Reader::new(&app, actor), &opened, key, None, &asked).await?;
    Ok(([(CONTENT_TYPE, image.media_type.as_str())], picture).into_response())
}

/// Finds what a certain run read from a page, or what is shown of it.
async fn load_result(
    app: &App,
    actor: &Actor,
    (id, number): (DocumentId, PageNumber),
    result: ResultQuery,
) -> Result<(Opened, PageWithContent), ApiError> {
    let Some(task) = result.task else { return load(app, actor, id, number).await };
    let opened = Opened::load_readable(app, actor, id).await?;
    let mut tx = actor.begin(app).await?;
    let page = pages::load_result(&mut tx, id, task, number).await?.ok_or(ApiError::ResultNotFound)?;
    tx.commit().await?;
    Ok((opened, page))
}

/// Finds a page that was read; says why if it was not.
pub(super) async fn load(
    app: &App,
    actor: &Actor,
    id: DocumentId,
    number: PageNumber,
) -> Result<(Opened, PageWithContent), ApiError> {
    let opened = Opened::load_readable(app, actor, id).await?;
    let task = &opened.found.task;
    let mut tx = actor.begin(app).await?;
    let page = pages::load_content(&mut tx, task.id, number).await?;
    tx.commit().await?;
    match page {
        // Nobody knows the pages yet, so nobody can say that this one does not exist.
        None if task.pages.total == 0 && !task.state.is_final() => Err(ApiError::PageNotReady),
        None => Err(ApiError::PageNotFound),
        Some(page) => match (page.page.state, page.page.failure) {
            (PageState::Done, _) => Ok((opened, page)),
            (PageState::Failed, Some(failure)) => Err(ApiError::PageFailed(failure.into())),
            (PageState::Cancelled, _) => Err(ApiError::PageCancelled),
            _ => Err(ApiError::PageNotReady),
        },
    }
}

/// Opens what was read from a page.
pub(super) fn open_content(opened: &Opened, page: &PageWithContent) -> Result<PageContent, ApiError> {
    let (owner, task, number) = (opened.found.document.owner, page.page.task, page.page.number);
    let sealed = page.content_sealed.as_deref();
    let sealed = sealed.ok_or_else(|| ApiError::internal(format!("page {task}/{number} has no content")))?;
    let content = opened.key.open_page(owner, task, number, sealed);
    content.map_err(|error| ApiError::of_stored("page", format_args!("{task}/{number}"), error))
}
