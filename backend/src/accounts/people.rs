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
    audit::AuditAction,
    domain::{Role, UserId},
};
use untxt_database::people;
use utoipa::ToSchema;

use crate::{
    App,
    access::Subject,
    extract::{self, Path},
    problem::ApiError,
    session::{Actor, refuse_stale},
};

/// People of one list.
const MAX_PEOPLE: u32 = 10_000;

#[derive(Serialize, ToSchema)]
pub(super) struct People {
    /// By login.
    users: Vec<Listed>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
struct Listed {
    id: UserId,
    login: String,
    role: Role,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    disabled_at: Option<OffsetDateTime>,
    has_second_factor: bool,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PersonChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    is_disabled: bool,
}

/// Lists everybody, for administrators.
#[utoipa::path(get, path = "/api/v1/users", responses((status = 200, description = "everybody", body = People)))]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<People>, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    let found = people::list(&mut tx, MAX_PEOPLE).await?;
    tx.commit().await?;
    Ok(Json(People { users: found.into_iter().map(Into::into).collect() }))
}

/// Disables or enables somebody. Who is disabled is out at once: sessions, sockets and tokens end. Every process is told by
/// the database.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{user}",
    request_body = Change,
    responses((status = 204, description = "changed")),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(person): Path<UserId>,
    extract::Json(change): extract::Json<Change>,
) -> Response {
    let action = if change.is_disabled { AuditAction::RevokeUserAccess } else { AuditAction::RestoreUserAccess };
    let subject = Subject { action: Some(action), ..Subject::default() };
    (subject, disable_or_enable(&app, &actor, person, &change).await).into_response()
}

async fn disable_or_enable(app: &App, actor: &Actor, person: UserId, change: &Change) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin_as_admin(app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    if change.is_disabled && person == actor.user {
        return Err(ApiError::NotYourself);
    }
    let is_done = match change.is_disabled {
        true => people::disable(&mut tx, person).await?,
        false => people::enable(&mut tx, person).await?,
    };
    if !is_done {
        return Err(ApiError::UserNotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the second factor from somebody who lost the phone and the recovery codes; their sessions end.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user}/second-factor",
    responses((status = 204, description = "removed")),
)]
pub(super) async fn remove_second_factor(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(person): Path<UserId>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    if person == actor.user {
        return Err(ApiError::NotYourself);
    }
    if !people::remove_second_factor(&mut tx, person).await? {
        return Err(ApiError::NoSecondFactor);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<people::Listed> for Listed {
    fn from(found: people::Listed) -> Self {
        let people::Listed { id, login, role, created_at, disabled_at, has_second_factor } = found;
        Self { id, login, role, created_at, disabled_at, has_second_factor }
    }
}
