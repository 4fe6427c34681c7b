use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::domain::Role;
use untxt_database::{Error, invitations};
use uuid::Uuid;

use crate::{
    App,
    extract::{self, Path},
    problem::ApiError,
    session::{Actor, LinkSecret, can_be_login, refuse_stale},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    login: String,
    role: Role,
}

#[derive(Serialize)]
pub(super) struct Invitation {
    id: Uuid,
    login: String,
    role: Role,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Shown once, to whoever invites.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Invitations {
    /// Newest first, only those that nobody has used.
    invitations: Vec<Invitation>,
}

/// Invites somebody: 201 and the link, which is good once and for a week. The secret stands behind the #: browsers send that
/// to nobody, and so it is in no log.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(new): extract::Json<New>,
) -> Result<(StatusCode, Json<Invitation>), ApiError> {
    if !can_be_login(&new.login) {
        return Err(ApiError::InvalidLogin);
    }
    let secret = LinkSecret::generate().map_err(ApiError::internal)?;
    let mut tx = actor.begin_as_admin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let made = invitations::create(&mut tx, actor.user, &new.login, new.role, &secret.hash()).await;
    let made = made.map_err(|error| match error {
        Error::Conflict(_) => ApiError::LoginTaken,
        error => error.into(),
    })?;
    tx.commit().await?;
    let link = format!("{}/invitation#{}", app.site.address(), secret.text());
    Ok((StatusCode::CREATED, Json(Invitation { link: Some(link), ..made.into() })))
}

/// Lists the invitations that are open, for administrators.
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Invitations>, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    let found = invitations::list(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(Invitations { invitations: found.into_iter().map(Into::into).collect() }))
}

/// Takes an invitation back.
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
        let invitations::Invitation { id, login, role, created_at, expires_at } = found;
        Self { id, login, role, created_at, expires_at, link: None }
    }
}
