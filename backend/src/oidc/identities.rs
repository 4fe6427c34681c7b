use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_database::{identities, users};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    App,
    accounts::WaysIn,
    extract::Path,
    problem::ApiError,
    session::{Actor, refuse_stale},
};

#[derive(Serialize, ToSchema)]
pub(super) struct Identities {
    /// Oldest first.
    identities: Vec<Identity>,
}

#[derive(Serialize, ToSchema)]
struct Identity {
    id: Uuid,
    /// The id of its provider, which may be one of `providers` in GET /limits no more.
    provider: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    last_used_at: Option<OffsetDateTime>,
}

/// Lists the identities that let this person in.
#[utoipa::path(
    get,
    path = "/api/v1/account/identities",
    responses((status = 200, description = "all of them", body = Identities)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Identities>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let found = identities::list(&mut tx, actor.user).await?;
    tx.commit().await?;
    Ok(Json(Identities { identities: found.into_iter().map(Into::into).collect() }))
}

/// Unties an identity, unless nothing else lets its person in. Sessions that began with it go on.
#[utoipa::path(
    delete,
    path = "/api/v1/account/identities/{identity}",
    responses((status = 204, description = "it lets nobody in from now on")),
)]
pub(super) async fn unlink(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let ways = WaysIn::lock(&mut tx, user).await?;
    if !identities::unlink(&mut tx, actor.user, id).await? {
        return Err(ApiError::IdentityNotFound);
    }
    ways.refuse_none(&app, &mut tx).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<identities::Identity> for Identity {
    fn from(found: identities::Identity) -> Self {
        let identities::Identity { id, provider, created_at, last_used_at } = found;
        Self { id, provider, created_at, last_used_at }
    }
}
