use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_database::{passkeys, users};
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
pub(super) struct Passkeys {
    /// Oldest first.
    passkeys: Vec<Passkey>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Passkey {
    id: Uuid,
    /// What its person calls it.
    name: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    last_used_at: Option<OffsetDateTime>,
}

/// Lists the passkeys that let this person in.
#[utoipa::path(
    get,
    path = "/api/v1/account/passkeys",
    responses((status = 200, description = "all of them", body = Passkeys)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Passkeys>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let found = passkeys::list(&mut tx, actor.user).await?;
    tx.commit().await?;
    Ok(Json(Passkeys { passkeys: found.into_iter().map(Into::into).collect() }))
}

/// Removes a passkey, unless nothing else lets its person in. Sessions that began with it go on.
#[utoipa::path(
    delete,
    path = "/api/v1/account/passkeys/{passkey}",
    responses((status = 204, description = "it lets nobody in from now on")),
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let ways = WaysIn::lock(&mut tx, user).await?;
    if !passkeys::remove(&mut tx, actor.user, id).await? {
        return Err(ApiError::PasskeyNotFound);
    }
    ways.refuse_none(&app, &mut tx).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<passkeys::Passkey> for Passkey {
    fn from(found: passkeys::Passkey) -> Self {
        let passkeys::Passkey { id, name, created_at, last_used_at } = found;
        Self { id, name, created_at, last_used_at }
    }
}
