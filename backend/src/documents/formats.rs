//! What was read, as a file: a page or the whole document, in any of the formats of the page crate.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use untxt_core::{
    audit::AuditDetail,
    domain::{DocumentId, FailureCode, PageNumber, PageState},
};
use untxt_page::formats::{Format, Writer};

use super::{
    Asker,
    disposition::{attachment, with_extension},
    page::{load, open_content},
    pages::{assemble, begin, load_ended},
    reader::Reader,
};
use crate::{App, access::Subject, extract::Path, problem::ApiError, session::Actor};

/// Gives all pages as one file, written page by page while it is sent.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/formats/{format}",
    responses((status = 200, description = "all pages")),
)]
pub(super) async fn document(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path((id, format)): Path<(DocumentId, String)>,
) -> Result<Response, ApiError> {
    let format = Format::find(&format).ok_or(ApiError::FormatUnknown)?;
    send_document(&app, actor.into(), id, format).await
}

/// Answers with all pages as one file.
pub(crate) async fn send_document(
    app: &Arc<App>,
    asker: Asker,
    id: DocumentId,
    format: Format,
) -> Result<Response, ApiError> {
    let opened = load_ended(app, &asker, id).await?;
    let reader = Reader::new(app, &asker);
    let title = opened.metadata()?.name;
    let name = attachment(&with_extension(&title, format.extension()));
    // it is large, and moves with every piece
    let mut writer = Some(Box::new(Writer::new(format, &title)));
    let body = assemble(Arc::clone(app), asker, opened, move |opened, page| {
        let written = match (page, &mut writer) {
            (Some(page), Some(writer)) => {
                let content = match page.page.state {
                    PageState::Done => Ok(open_content(opened, page)?),
                    PageState::Cancelled => Err("cancelled"),
                    _ => Err(page.page.failure.map_or("unreadable", FailureCode::as_str)),
                };
                writer.page(page.page.number.get(), content.as_ref().map_err(|code| *code))
            }
            _ => writer.take().map_or(Ok(Vec::new()), |writer| writer.finish()),
        };
        Ok(Bytes::from(written.map_err(ApiError::internal)?))
    });
    let body = Body::from_stream(reader.watch(id, begin(body).await?));
    Ok((in_format(format), [(CONTENT_TYPE, format.media_type())], [(CONTENT_DISPOSITION, name)], body).into_response())
}

/// Gives one page as a file.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/pages/{page}/formats/{format}",
    responses((status = 200, description = "the page")),
)]
pub(super) async fn page(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path((id, number, format)): Path<(DocumentId, PageNumber, String)>,
) -> Result<Response, ApiError> {
    let format = Format::find(&format).ok_or(ApiError::FormatUnknown)?;
    let (opened, page) = load(&app, &actor, id, number).await?;
    let content = open_content(&opened, &page)?;
    let title = opened.metadata()?.name;
    let name = attachment(&with_extension(&title, &format!("{number}.{}", format.extension())));
    let mut writer = Writer::new(format, &title);
    let mut file = writer.page(number.get(), Ok(&content)).map_err(ApiError::internal)?;
    file.extend(writer.finish().map_err(ApiError::internal)?);
    Ok((in_format(format), [(CONTENT_TYPE, format.media_type())], [(CONTENT_DISPOSITION, name)], file).into_response())
}

/// Says for the record in which format something was given.
fn in_format(format: Format) -> Subject {
    Subject { detail: Some(AuditDetail::new(format.name())), ..Subject::default() }
}
