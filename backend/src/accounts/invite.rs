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
    domain::Role,
};
use untxt_database::{Error, invitations};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    App,
    access::Subject,
    extract::{self, Path},
    mail::can_be_address,
    problem::ApiError,
    session::{Actor, LinkSecret, can_be_login, refuse_stale},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = NewInvitation)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    login: String,
    role: Role,
    /// The address of the new person, for links to a new password.
    #[serde(default)]
    mail: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Invitation {
    id: Uuid,
    login: String,
    role: Role,
    mail: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Shown once, to whoever invites.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Invitations {
    /// Newest first, only those that nobody has used.
    invitations: Vec<Invitation>,
}

/// Invites somebody: 201 and the link, which is good once and for a week. The secret stands behind the #: browsers send that
/// to nobody, and so it is in no log.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    request_body = New,
    responses((status = 201, description = "invited", body = Invitation)),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(new): extract::Json<New>,
) -> Result<Response, ApiError> {
    if !can_be_login(&new.login) {
        return Err(ApiError::InvalidLogin);
    }
    if new.mail.as_deref().is_some_and(|mail| !can_be_address(mail)) {
        return Err(ApiError::InvalidMail);
    }
    let secret = LinkSecret::generate().map_err(ApiError::internal)?;
    let mut tx = actor.begin_as_admin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let made = invitations::create(&mut tx, actor.user, &new.login, new.role, &secret.hash()).await;
    let mut made = made.map_err(|error| match error {
        Error::Conflict(_) => ApiError::LoginTaken,
        error => error.into(),
    })?;
    if let Some(mail) = new.mail {
        invitations::set_mail(&mut tx, made.id, &mail).await?;
        made.mail = Some(mail.to_ascii_lowercase());
    }
    tx.commit().await?;
    let link = format!("{}/invitation#{}", app.site.address(), secret.text());
    let object = Some(AuditObject::new(AuditObjectKind::Invitation, made.id));
    let subject = Subject { object, ..Subject::default() };
    Ok((StatusCode::CREATED, subject, Json(Invitation { link: Some(link), ..made.into() })).into_response())
}

/// Lists the invitations that are open, for administrators.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    responses((status = 200, description = "those that are open", body = Invitations)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Invitations>, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    let found = invitations::list(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(Invitations { invitations: found.into_iter().map(Into::into).collect() }))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/api/v1/invitations/{invitation}", responses((status = 204, description = "taken back")))]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    if !invitations::revoke(&mut tx, id).await? {
        return Err(ApiError::InvitationNotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<invitations::Invitation> for Invitation {
    fn from(found: invitations::Invitation) -> Self {
        let invitations::Invitation { id, login, role, mail, created_at, expires_at } = found;
        Self { id, login, role, mail, created_at, expires_at, link: None }
    }
}
