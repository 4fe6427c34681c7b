use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use untxt_core::{domain::DocumentId, storage::ObjectKey};
use untxt_database::documents::DocumentAndTask;

use super::{
    Asker,
    disposition::{attachment, with_extension},
    document::Opened,
    object,
    range::Asked,
    reader::Reader,
};
use crate::{App, extract::Path, problem::ApiError, session::Actor};

/// Gives the file back as it was uploaded, unless the virus scanner found something in it.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/original",
    params(("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, description = "the file", content((Vec<u8> = "application/pdf"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/tiff"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/bmp"), (Vec<u8> = "image/gif"))), (status = 206, description = "a part of it", content((Vec<u8> = "application/pdf"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/tiff"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/bmp"), (Vec<u8> = "image/gif")))),
)]
pub(super) async fn original(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
    asked: Asked,
) -> Result<Response, ApiError> {
    send_original(&app, &actor.into(), id, &asked).await
}

/// Answers with the file as it was uploaded.
pub(crate) async fn send_original(
    app: &Arc<App>,
    asker: &Asker,
    id: DocumentId,
    asked: &Asked,
) -> Result<Response, ApiError> {
    let opened = Opened::load_readable(app, asker, id).await?;
    let name = attachment(&opened.metadata()?.name);
    let document = &opened.found.document;
    let mut file =
        object::open(&Reader::new(app, asker), &opened, ObjectKey::Original(id), Some(document.size_bytes), asked)
            .await?;
    // A part brings its own.
    file.headers_mut().entry(CONTENT_LENGTH).or_insert(document.size_bytes.into());
    Ok(([(CONTENT_TYPE, document.media_type.as_str())], [(CONTENT_DISPOSITION, name)], file).into_response())
}

/// Gives the scan with its text to select and search, unless the virus scanner found something in it: of a PDF, every
/// byte is in there. As long as there is none of what the document shows now, it is that of an older reading, and its
/// name says so.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/searchable.pdf",
    params(("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, description = "the scan with its text", content((Vec<u8> = "application/pdf"))), (status = 206, description = "a part of it", content((Vec<u8> = "application/pdf")))),
)]
pub(super) async fn searchable_pdf(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
    asked: Asked,
) -> Result<Response, ApiError> {
    send_searchable_pdf(&app, &actor.into(), id, &asked).await
}

/// Answers with the scan and its text.
pub(crate) async fn send_searchable_pdf(
    app: &Arc<App>,
    asker: &Asker,
    id: DocumentId,
    asked: &Asked,
) -> Result<Response, ApiError> {
    let (opened, file) = open_pdf(app, asker, id, asked).await?;
    let is_older = opened.found.pdf.is_some_and(|pdf| pdf.task != opened.found.task.id);
    let extension = if is_older { "older.searchable.pdf" } else { "searchable.pdf" };
    let name = attachment(&with_extension(&opened.metadata()?.name, extension));
    Ok(([(CONTENT_TYPE, "application/pdf")], [(CONTENT_DISPOSITION, name)], file).into_response())
}

/// Opens the searchable PDF. One that is gone from the store was replaced since we asked: then the one in its place.
async fn open_pdf(
    app: &Arc<App>,
    asker: &Asker,
    id: DocumentId,
    asked: &Asked,
) -> Result<(Opened, Response), ApiError> {
    for _ in 0..2 {
        let opened = Opened::load_readable(app, asker, id).await?;
        if let Some(file) =
            object::open_if_there(&Reader::new(app, asker), &opened, pdf_of(&opened)?, None, asked).await?
        {
            return Ok((opened, file));
        }
    }
    Err(ApiError::NoSearchablePdf)
}

/// Gives the key of a document's searchable PDF.
fn pdf_of(opened: &Opened) -> Result<ObjectKey, ApiError> {
    let DocumentAndTask { document, task, pdf } = &opened.found;
    match pdf {
        Some(pdf) => Ok(ObjectKey::SearchablePdf(document.id, pdf.task, pdf.attempt)),
        None if !task.state.is_final() => Err(ApiError::NotReady),
        None => Err(ApiError::NoSearchablePdf),
    }
}
