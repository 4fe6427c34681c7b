use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use untxt_core::{
    domain::{DocumentId, FailureCode},
    storage::ObjectKey,
};

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
    let opened = Opened::load(&app, &actor, id).await?;
    if opened.found.task.failure == Some(FailureCode::MalwareFound) {
        return Err(ApiError::Quarantined);
    }
    let name = attachment(&opened.metadata()?.name);
    let body = object::open(&app, &opened, ObjectKey::Original(id)).await?;
    let document = &opened.found.document;
    let kind = (CONTENT_TYPE, document.media_type.as_str());
    Ok(([kind], [(CONTENT_LENGTH, document.size_bytes)], [(CONTENT_DISPOSITION, name)], body).into_response())
}

/// Gives the scan with its text to select and search.
pub(super) async fn searchable_pdf(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Response, ApiError> {
    let opened = Opened::load(&app, &actor, id).await?;
    let task = &opened.found.task;
    let attempt = match task.pdf_attempt {
        _ if !task.state.is_final() => return Err(ApiError::NotReady),
        Some(attempt) => attempt,
        None => return Err(ApiError::NoSearchablePdf),
    };
    let name = with_extension(&opened.metadata()?.name, "searchable.pdf");
    let body = object::open(&app, &opened, ObjectKey::SearchablePdf(id, task.id, attempt)).await?;
    Ok(([(CONTENT_TYPE, "application/pdf")], [(CONTENT_DISPOSITION, attachment(&name))], body).into_response())
}
