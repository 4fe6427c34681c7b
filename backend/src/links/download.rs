use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::{
    audit::AuditDetail,
    domain::{LinkFormat, LinkId},
};
use untxt_page::formats::Format;
use utoipa::{IntoParams, ToSchema};

use super::Visitor;
use crate::{
    App,
    access::Subject,
    documents::{Asked, Asker, load_outline, send_document, send_original, send_searchable_pdf},
    extract::{Path, Query},
    problem::ApiError,
};

/// Which link is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Meant {
    /// Refused if this browser opened another one last; left out: that one.
    link: Option<LinkId>,
}

/// The document of a link as whoever came by it sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkedDocument {
    link: LinkId,
    name: String,
    pages: u32,
    size_bytes: u64,
    what: Vec<LinkFormat>,
    /// When this browser has to open the link again.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Gives what is told of the document of the link that this browser opened last.
#[utoipa::path(
    get,
    path = "/api/v1/links/document",
    params(Meant),
    responses((status = 200, description = "the document", body = LinkedDocument)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(meant): Query<Meant>,
) -> Result<Json<LinkedDocument>, ApiError> {
    visitor.expect(meant.link)?;
    let (link, document, what, expires_at) =
        (visitor.link, visitor.document, visitor.formats.clone(), visitor.expires_at);
    let outline = load_outline(&app, &Asker::Visitor(visitor), document).await.map_err(gone)?;
    let (name, pages, size_bytes) = (outline.name, outline.pages, outline.size_bytes);
    Ok(Json(LinkedDocument { link, name, pages, size_bytes, what, expires_at }))
}

/// Gives the document of the link that this browser opened last, in one of the formats that the link gives.
#[utoipa::path(
    get,
    path = "/api/v1/links/document/{what}",
    params(Meant, ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, description = "the file"), (status = 206, description = "a part of it")),
)]
pub(super) async fn download(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(what): Path<LinkFormat>,
    Query(meant): Query<Meant>,
    asked: Asked,
) -> Result<Response, ApiError> {
    visitor.expect(meant.link)?;
    let subject = Subject { detail: Some(AuditDetail::new(what.as_str())), ..Subject::default() };
    if !visitor.formats.contains(&what) {
        return Err(ApiError::NotFound);
    }
    let document = visitor.document;
    let asker = Asker::Visitor(visitor);
    let file = match what {
        LinkFormat::Original => send_original(&app, &asker, document, &asked).await,
        LinkFormat::Pdf => send_searchable_pdf(&app, &asker, document, &asked).await,
        LinkFormat::Text => send_document(&app, asker, document, Format::Txt).await,
    };
    Ok((subject, file.map_err(gone)?).into_response())
}

/// A document that went away meanwhile looks like a link that did.
fn gone(error: ApiError) -> ApiError {
    match error {
        ApiError::DocumentNotFound => ApiError::PublicLinkNotGood,
        other => other,
    }
}
