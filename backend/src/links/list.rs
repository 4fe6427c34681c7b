use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, LinkFormat, LinkId, LinkState, Right, UserId};
use untxt_database::links;
use utoipa::ToSchema;

use crate::{App, access::Subject, extract::Path, problem::ApiError, session::Actor, shares::require};

/// A link as those see it who may end it.
#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    id: LinkId,
    made_by: UserId,
    state: LinkState,
    what: Vec<LinkFormat>,
    has_password: bool,
    /// How often it may be opened; null: as often as one likes.
    uses: Option<u32>,
    /// How often it was.
    used: u32,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Links {
    links: Vec<Link>,
}

impl From<links::Link> for Link {
    fn from(link: links::Link) -> Self {
        Self {
            id: link.id,
            made_by: link.made_by,
            state: link.state,
            what: link.formats,
            has_password: link.has_password,
            uses: link.max_uses,
            used: link.used,
            created_at: link.created_at,
            expires_at: link.expires_at,
            ended_at: link.ended_at,
        }
    }
}

/// Lists the public links of a document, without what opens them; those that have ended stay for 30 days.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/links",
    responses((status = 200, description = "all of them", body = Links)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Json<Links>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    require(&mut tx, id, Right::Manage).await?;
    let links = links::list(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Links { links: links.into_iter().map(Link::from).collect() }))
}

/// Ends a public link: it opens no more, at once, and downloads by it break off.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}/links/{link}",
    responses((status = 204, description = "ended")),
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path((document, link)): Path<(DocumentId, LinkId)>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    require(&mut tx, document, Right::Manage).await?;
    if !links::end(&mut tx, document, link).await? {
        return Err(ApiError::LinkNotFound);
    }
    tx.commit().await?;
    let subject = Subject { link: Some(link), ..Subject::default() };
    Ok((subject, StatusCode::NO_CONTENT).into_response())
}
