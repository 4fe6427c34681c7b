use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use untxt_core::{domain::DocumentId, storage::ObjectKey};
use untxt_database::documents::PublishedPdf;

use super::{
    disposition::{attachment, with_extension},
    document::Opened,
    object,
};
use crate::{App, extract::Path, problem::ApiError, session::Actor};

/// Gives the file back as it was uploaded, unless the virus scanner found something in it.
pub(super) async fn original(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Response, ApiError> {
    let opened = Opened::load_readable(&app, &actor, id).await?;
    let name = attachment(&opened.metadata()?.name);
    let body = object::open(&app, &opened, ObjectKey::Original(id)).await?;
    let document = &opened.found.document;
    let kind = (CONTENT_TYPE, document.media_type.as_str());
    Ok(([kind], [(CONTENT_LENGTH, document.size_bytes)], [(CONTENT_DISPOSITION, name)], body).into_response())
}

/// Gives the scan with its text to select and search, unless the virus scanner found something in it: of a PDF, every
/// byte is in there. As long as there is none of what the document shows now, it is that of an older reading, and its
/// name says so.
pub(super) async fn searchable_pdf(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Response, ApiError> {
    let opened = Opened::load_readable(&app, &actor, id).await?;
    let shown = &opened.found.task;
    let PublishedPdf { task, attempt } = match opened.found.pdf {
        Some(pdf) => pdf,
        None if !shown.state.is_final() => return Err(ApiError::NotReady),
        None => return Err(ApiError::NoSearchablePdf),
    };
    let extension = if task == shown.id { "searchable.pdf" } else { "older.searchable.pdf" };
    let name = with_extension(&opened.metadata()?.name, extension);
    let body = object::open(&app, &opened, ObjectKey::SearchablePdf(id, task, attempt)).await?;
    Ok(([(CONTENT_TYPE, "application/pdf")], [(CONTENT_DISPOSITION, attachment(&name))], body).into_response())
}
