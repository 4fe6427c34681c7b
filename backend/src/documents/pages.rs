//! All pages of a document in their order, loaded a few at a time while the answer is sent.

use std::{collections::VecDeque, io, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use untxt_core::{
    domain::{DocumentId, PageNumber, Right},
    telemetry::chain,
};
use untxt_database::pages::{self, PageWithContent};

use super::{Asker, document::Opened};
use crate::{App, problem::ApiError, shares::require};

/// Pages of one query; a page is some 100 KiB.
const BATCH: u32 = 8;

/// Finds a document whose pages have all ended: half a text must not look like a whole one. One that is read again has
/// its older text.
pub(super) async fn load_ended(app: &App, asker: impl Into<Asker>, id: DocumentId) -> Result<Opened, ApiError> {
    let opened = Opened::load_readable(app, asker, id).await?;
    let task = &opened.found.task;
    if task.state.is_final() || task.is_rerun { Ok(opened) } else { Err(ApiError::NotReady) }
}

struct Assembly<F> {
    app: Arc<App>,
    asker: Asker,
    opened: Opened,
    write: F,
    waiting: VecDeque<PageWithContent>,
    /// The first page that is not loaded yet; none at the end.
    next: Option<PageNumber>,
}

/// Loads the pages in order, a few at a time, and has each one written when its turn has come; at last, without a page,
/// what stands at the end.
pub(super) fn assemble<F>(
    app: Arc<App>,
    asker: Asker,
    opened: Opened,
    write: F,
) -> impl Stream<Item = Result<Bytes, ApiError>> + Send
where
    F: FnMut(&Opened, Option<&PageWithContent>) -> Result<Bytes, ApiError> + Send,
{
    let next = Some(PageNumber::from_index(0));
    let assembly = Assembly { app, asker, opened, write, waiting: VecDeque::new(), next };
    stream::try_unfold(Some(assembly), |assembly| async move {
        let Some(mut assembly) = assembly else { return Ok(None) };
        if assembly.waiting.is_empty() {
            assembly.load().await?;
        }
        let page = assembly.waiting.pop_front();
        let bytes = (assembly.write)(&assembly.opened, page.as_ref())?;
        Ok(Some((bytes, page.is_some().then_some(assembly))))
    })
}

impl<F> Assembly<F> {
    async fn load(&mut self) -> Result<(), ApiError> {
        let Some(first) = self.next else { return Ok(()) };
        let mut tx = self.asker.begin_unattended(&self.app).await?;
        // Without the right there are no pages, and half a text must not look like a whole one.
        require(&mut tx, self.opened.found.document.id, Right::Read).await?;
        self.waiting = pages::load_contents(&mut tx, self.opened.found.task.id, first, BATCH).await?.into();
        tx.commit().await?;
        self.next = self.waiting.back().map(|last| PageNumber::from_index(last.page.number.get()));
        Ok(())
    }
}

/// Waits for the first piece, so that what fails at once is a clear error; later failures break the answer off.
pub(super) async fn begin(
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
