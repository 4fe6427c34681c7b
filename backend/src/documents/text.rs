//! What was read from a whole document, assembled page by page while it is sent.

use std::{collections::VecDeque, io, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use untxt_core::domain::{DocumentId, Failure, PageNumber, PageState};
use untxt_database::pages::{self, PageWithContent};

use super::{
    disposition::{attachment, with_extension},
    document::Opened,
    page::{ReadPage, open_content},
};
use crate::{
    App,
    extract::Path,
    problem::{ApiError, chain},
    session::Actor,
};

/// Pages of one query; a page is some 100 KiB.
const BATCH: u32 = 8;

/// A page that could not be read, in the place where its words would be.
#[derive(Serialize)]
struct FailedPage {
    page: PageNumber,
    state: PageState,
    failure: Option<Failure>,
}

/// Gives the text of all pages, separated by form feeds. A page that could not be read is empty.
pub(super) async fn text(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Response, ApiError> {
    let opened = load_ended(&app, &actor, id).await?;
    let name = attachment(&with_extension(&opened.metadata()?.name, "txt"));
    let body = assemble(app, actor, opened, |opened, page| {
        let separator = if page.page.number.get() == 1 { "" } else { "\x0c" };
        match page.page.state {
            PageState::Done => Ok(format!("{separator}{}", open_content(opened, page)?.text).into()),
            _ => Ok(separator.into()),
        }
    });
    let body = Body::from_stream(begin(body).await?);
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], [(CONTENT_DISPOSITION, name)], body).into_response())
}

/// Gives the words of all pages with their boxes and confidences.
pub(super) async fn words(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Response, ApiError> {
    let opened = load_ended(&app, &actor, id).await?;
    let name = attachment(&with_extension(&opened.metadata()?.name, "json"));
    let pages = assemble(app, actor, opened, |opened, page| {
        let (number, state) = (page.page.number, page.page.state);
        let json = match state {
            PageState::Done => {
                serde_json::to_string(&ReadPage { page: number, state, content: open_content(opened, page)? })
            }
            _ => serde_json::to_string(&FailedPage {
                page: number,
                state,
                failure: page.page.failure.map(Failure::from),
            }),
        };
        let separator = if number.get() == 1 { "" } else { "," };
        Ok(format!("{separator}{}", json.map_err(ApiError::internal)?).into())
    });
    let head = Bytes::from(format!("{{\"document\":\"{id}\",\"pages\":["));
    let pages = begin(pages).await?;
    let body = stream::iter([Ok(head)]).chain(pages).chain(stream::iter([Ok(Bytes::from_static(b"]}"))]));
    let body = Body::from_stream(body);
    Ok(([(CONTENT_TYPE, "application/json")], [(CONTENT_DISPOSITION, name)], body).into_response())
}

/// Finds a document whose pages have all ended: half a text must not look like a whole one.
async fn load_ended(app: &App, actor: &Actor, id: DocumentId) -> Result<Opened, ApiError> {
    let opened = Opened::load(app, actor, id).await?;
    if opened.found.task.state.is_final() { Ok(opened) } else { Err(ApiError::NotReady) }
}

struct Assembly<F> {
    app: Arc<App>,
    actor: Actor,
    opened: Opened,
    write: F,
    waiting: VecDeque<PageWithContent>,
    /// The first page that is not loaded yet; none at the end.
    next: Option<PageNumber>,
}

/// Loads the pages in order, a few at a time, and writes each one when its turn has come.
fn assemble<F>(
    app: Arc<App>,
    actor: Actor,
    opened: Opened,
    write: F,
) -> impl Stream<Item = Result<Bytes, ApiError>> + Send
where
    F: Fn(&Opened, &PageWithContent) -> Result<Bytes, ApiError> + Send + Sync,
{
    let next = Some(PageNumber::from_index(0));
    let assembly = Assembly { app, actor, opened, write, waiting: VecDeque::new(), next };
    stream::try_unfold(assembly, |mut assembly| async move {
        if assembly.waiting.is_empty() {
            assembly.load().await?;
        }
        let Some(page) = assembly.waiting.pop_front() else { return Ok(None) };
        let bytes = (assembly.write)(&assembly.opened, &page)?;
        Ok(Some((bytes, assembly)))
    })
}

impl<F> Assembly<F> {
    async fn load(&mut self) -> Result<(), ApiError> {
        let Some(first) = self.next else { return Ok(()) };
        let mut tx = self.actor.begin(&self.app).await?;
        self.waiting = pages::load_contents(&mut tx, self.opened.found.task.id, first, BATCH).await?.into();
        tx.commit().await?;
        self.next = self.waiting.back().map(|last| PageNumber::from_index(last.page.number.get()));
        Ok(())
    }
}

/// Waits for the first piece, so that what fails at once is a clear error; later failures break the answer off.
async fn begin(
    pieces: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send, ApiError> {
    let mut pieces = Box::pin(pieces);
    let first = pieces.next().await.transpose()?;
    let rest = pieces.map_err(|error| {
        let cause = match &error {
            ApiError::Internal(cause) | ApiError::Unavailable(cause) => chain(cause.as_ref()),
            other => format!("{other:?}"),
        };
        tracing::error!(error = cause, "a page can't be read back; the answer is broken off");
        io::Error::other("broken off")
    });
    Ok(stream::iter(first.map(Ok)).chain(rest))
}
