use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::{
    audit::{AuditObject, AuditObjectKind},
    domain::{DocumentId, TeamId, UserId},
};
use untxt_database::holds::{self, Held};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    App,
    access::Subject,
    extract::{self, Path, Query},
    problem::ApiError,
    session::{Actor, refuse_stale},
};

/// Holds in one answer.
const AT_ONCE: u32 = 200;
/// Characters of a reference; the database has the same rule.
const MAX_REFERENCE: usize = 64;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewLegalHold)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// A case number: 1 to 64 letters, digits, spaces and `._/-`. It is stored in clear: no names of people.
    reference: String,
    /// One of these three: a document, or whose documents.
    document: Option<DocumentId>,
    user: Option<UserId>,
    team: Option<TeamId>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct LegalHold {
    id: Uuid,
    reference: String,
    /// One of these three.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<DocumentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<TeamId>,
    set_by: UserId,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
pub(super) struct LegalHolds {
    /// Newest first.
    legal_holds: Vec<LegalHold>,
    /// Behind which there may be more; null: these are the last.
    next: Option<Uuid>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Behind {
    /// Those behind this one.
    before: Option<Uuid>,
}

/// Sets a hold: until it is lifted, nothing of it is shredded, by nobody. 201 and the hold.
#[utoipa::path(
    post,
    path = "/api/v1/legal-holds",
    request_body = New,
    responses((status = 201, description = "it is held", body = LegalHold)),
)]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(new): extract::Json<New>,
) -> Result<Response, ApiError> {
    let held = new.held().filter(|_| is_reference(&new.reference)).ok_or(ApiError::InvalidHold)?;
    let mut tx = actor.begin_as_admin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let Some(made) = holds::set(&mut tx, actor.user, held, &new.reference).await? else {
        return Err(match held {
            Held::Document(_) => ApiError::DocumentNotFound,
            Held::Person(_) => ApiError::UserNotFound,
            Held::Team(_) => ApiError::TeamNotFound,
        });
    };
    tx.commit().await?;
    Ok((StatusCode::CREATED, about(held), Json(LegalHold::from(made))).into_response())
}

/// Lists the holds.
#[utoipa::path(
    get,
    path = "/api/v1/legal-holds",
    params(Behind),
    responses((status = 200, description = "what is held", body = LegalHolds)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Query(Behind { before }): Query<Behind>,
) -> Result<Json<LegalHolds>, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    let found = holds::list(&mut tx, before, AT_ONCE).await?;
    tx.commit().await?;
    let next = (found.len() == AT_ONCE as usize).then(|| found.last().map(|last| last.id)).flatten();
    Ok(Json(LegalHolds { legal_holds: found.into_iter().map(Into::into).collect(), next }))
}

/// Lifts a hold: what it kept goes the way that its owner, a rule or the trash has for it.
#[utoipa::path(delete, path = "/api/v1/legal-holds/{hold}", responses((status = 204, description = "it is lifted")))]
pub(super) async fn lift(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<Uuid>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let held = holds::lift(&mut tx, id).await?.ok_or(ApiError::HoldNotFound)?;
    tx.commit().await?;
    Ok((about(held), StatusCode::NO_CONTENT).into_response())
}

/// The record names what is held, and not the hold.
fn about(held: Held) -> Subject {
    let object = match held {
        Held::Document(id) => id.into(),
        Held::Person(id) => id.into(),
        Held::Team(id) => AuditObject::new(AuditObjectKind::Team, id.as_uuid()),
    };
    Subject { object: Some(object), ..Subject::default() }
}

fn is_reference(text: &str) -> bool {
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || " ._/-".contains(letter);
    text.len() <= MAX_REFERENCE
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(goes_on)
}

impl New {
    /// Gives what is to be held, if exactly one thing is named.
    fn held(&self) -> Option<Held> {
        match (self.document, self.user, self.team) {
            (Some(id), None, None) => Some(Held::Document(id)),
            (None, Some(id), None) => Some(Held::Person(id)),
            (None, None, Some(id)) => Some(Held::Team(id)),
            _ => None,
        }
    }
}

impl From<holds::Hold> for LegalHold {
    fn from(found: holds::Hold) -> Self {
        let holds::Hold { id, held, reference, set_by, created_at } = found;
        let (document, user, team) = match held {
            Held::Document(id) => (Some(id), None, None),
            Held::Person(id) => (None, Some(id), None),
            Held::Team(id) => (None, None, Some(id)),
        };
        Self { id, reference, document, user, team, set_by, created_at }
    }
}
