use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use untxt_core::{
    domain::{DocumentId, Failure, PageContent, PageNumber, PageState},
    storage::ObjectKey,
};
use untxt_database::pages::{self, PageWithContent};

use super::{document::Opened, object};
use crate::{App, extract::Path, problem::ApiError, session::Actor};

/// A page as its owner sees it in a list.
#[derive(Serialize)]
pub(super) struct Page {
    page: PageNumber,
    state: PageState,
    width: Option<u32>,
    height: Option<u32>,
    dpi: Option<u32>,
    mean_confidence: Option<f32>,
    failure: Option<Failure>,
}

#[derive(Serialize)]
pub(super) struct Pages {
    pages: Vec<Page>,
}

/// A page that was read.
#[derive(Serialize)]
pub(super) struct ReadPage {
    page: PageNumber,
    state: PageState,
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
        }
    }
}

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

pub(super) async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path((id, number)): Path<(DocumentId, PageNumber)>,
) -> Result<Json<ReadPage>, ApiError> {
    let (opened, page) = load(&app, &actor, id, number).await?;
    let content = open_content(&opened, &page)?;
    Ok(Json(ReadPage { page: number, state: page.page.state, content }))
}

/// Gives the picture of the page that the boxes of its words fit on.
pub(super) async fn image(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path((id, number)): Path<(DocumentId, PageNumber)>,
) -> Result<Response, ApiError> {
    let (opened, page) = load(&app, &actor, id, number).await?;
    let image = page.page.image.ok_or(ApiError::PageNotReady)?;
    let key = ObjectKey::PageImage(id, opened.found.task.id, number, image.attempt);
    let body = object::open(&app, &opened, key).await?;
    Ok(([(CONTENT_TYPE, image.media_type.as_str())], body).into_response())
}

/// Finds a page that was read; says why if it was not.
pub(super) async fn load(
    app: &App,
    actor: &Actor,
    id: DocumentId,
    number: PageNumber,
) -> Result<(Opened, PageWithContent), ApiError> {
    let opened = Opened::load(app, actor, id).await?;
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
    let (owner, task, number) = (opened.found.document.owner, opened.found.task.id, page.page.number);
    let sealed = page.content_sealed.as_deref();
    let sealed = sealed.ok_or_else(|| ApiError::internal(format!("page {task}/{number} has no content")))?;
    Ok(opened.key.open_page(owner, task, number, sealed)?)
}
