//! Sealing what was read, each thing for its one place.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use untxt_core::{
    crypto::{Context, DocumentKey, Purpose, StreamSealer},
    domain::{OwnerId, PageContent, PageNumber, TaskId},
    storage::{ByteStream, ObjectKey},
};

use crate::error::{JobError, JobResult};

/// Sealed at once: a quarter of a millisecond of work, so that nobody on this thread waits.
const PIECE_BYTES: usize = 256 << 10;

/// Seals the words and text of a page for its row.
pub(crate) fn seal_content(
    key: &DocumentKey,
    owner: OwnerId,
    (task, page): (TaskId, PageNumber),
    content: &PageContent,
) -> JobResult<Vec<u8>> {
    let json = zeroize::Zeroizing::new(serde_json::to_vec(content).map_err(JobError::world)?);
    let row = content_row(task, page);
    Ok(key.seal(Purpose::Words, &content_context(owner, &row), &json)?)
}

/// Opens what [`seal_content`] sealed.
pub(crate) fn open_content(
    key: &DocumentKey,
    owner: OwnerId,
    (task, page): (TaskId, PageNumber),
    sealed: &[u8],
) -> JobResult<PageContent> {
    let row = content_row(task, page);
    let json = key.open(Purpose::Words, &content_context(owner, &row), sealed)?;
    serde_json::from_slice(&json).map_err(JobError::world)
}

fn content_row(task: TaskId, page: PageNumber) -> String {
    format!("{task}/{page}")
}

fn content_context(owner: OwnerId, row: &str) -> Context<'_> {
    Context { owner, table: "pages", column: "content", row, version: 1 }
}

/// Seals a file for its place in the store, piece by piece while it is put there.
pub(crate) fn seal_object(
    key: &DocumentKey,
    owner: OwnerId,
    object: &ObjectKey,
    plaintext: Vec<u8>,
) -> JobResult<ByteStream> {
    let (purpose, column) = match object {
        ObjectKey::Original(_) => (Purpose::Original, "original"),
        ObjectKey::PageImage(..) => (Purpose::PageImage, "page_image"),
        ObjectKey::SearchablePdf(..) => (Purpose::Export, "searchable_pdf"),
    };
    let row = object.to_string();
    let sealer = key.stream_sealer(purpose, &Context { owner, table: "object", column, row: &row, version: 1 })?;
    Ok(sealed_pieces(sealer, Arc::new(plaintext)).boxed())
}

fn sealed_pieces(
    sealer: StreamSealer,
    plaintext: Arc<Vec<u8>>,
) -> impl futures::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(Some((sealer, 0)), move |state| {
        let plaintext = Arc::clone(&plaintext);
        async move {
            let Some((mut sealer, begin)) = state else { return Ok(None) };
            let end = plaintext.len().min(begin + PIECE_BYTES);
            if begin == end {
                let last = sealer.finish().map_err(std::io::Error::other)?;
                return Ok(Some((last, None)));
            }
            let piece = sealer.update(&plaintext[begin..end]).map_err(std::io::Error::other)?;
            Ok(Some((piece, Some((sealer, end)))))
        }
    })
}
