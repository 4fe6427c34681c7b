use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use untxt_core::{
    audit::{AuditObject, AuditObjectKind},
    domain::LabelName,
};
use untxt_database::{
    Error,
    passkeys::{self, NewPasskey},
    users,
};
use utoipa::ToSchema;

use super::{list::Passkey, login::Options, relying_party::Offer};
use crate::{
    App,
    access::Subject,
    extract,
    problem::ApiError,
    session::{Actor, refuse_stale},
};

/// Passkeys of one person: one for each of their devices.
const MAX_PASSKEYS: u32 = 20;
const MAX_NAME_CHARS: usize = 100;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewPasskey)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// What its person calls it: 1 to 100 characters.
    name: String,
    /// What `navigator.credentials.create()` gave: `RegistrationResponseJSON`.
    #[schema(value_type = Object)]
    credential: Value,
}

/// Asks a device to make a passkey for whoever is logged in.
#[utoipa::path(
    post,
    path = "/api/v1/account/passkeys/begin",
    responses((status = 200, description = "what the device is asked", body = Options)),
)]
pub(super) async fn begin(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Options>, ApiError> {
    let party = app.passkeys.as_ref().ok_or(ApiError::PasskeysOff)?;
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let known = passkeys::list_credentials(&mut tx, actor.user).await?;
    let asked = party.ask_for_new(actor.user, &user.login, known).map_err(ApiError::internal)?;
    passkeys::begin(&mut tx, &asked.hash, &asked.state).await?;
    tx.commit().await?;
    Ok(Json(Options { options: asked.options }))
}

/// Takes the passkey that the device has made: 201, and it lets its person in from now on.
#[utoipa::path(
    post,
    path = "/api/v1/account/passkeys",
    request_body = New,
    responses((status = 201, description = "it lets its person in from now on", body = Passkey)),
)]
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(body): extract::Json<New>,
) -> Result<Response, ApiError> {
    let party = app.passkeys.as_ref().ok_or(ApiError::PasskeysOff)?;
    let name = LabelName::new(&body.name).filter(|name| name.as_str().chars().count() <= MAX_NAME_CHARS);
    let name = name.ok_or(ApiError::InvalidName)?;
    let offer = Offer::read(&body.credential).ok_or(ApiError::PasskeyRefused)?;
    let hash = offer.challenge_hash().ok_or(ApiError::PasskeyRefused)?;
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let state = passkeys::take(&mut tx, &hash).await?;
    // Used up, whatever the passkey is worth.
    tx.commit().await?;
    let state = state.ok_or(ApiError::LoginExpired)?;
    let made = party.check_new(&state, actor.user, &offer).map_err(|wrong| {
        tracing::info!(user.id = %actor.user, reason = %wrong, "a new passkey is refused");
        ApiError::PasskeyRefused
    })?;
    let new = NewPasskey {
        name: name.as_str(),
        credential_id: &made.credential_id,
        static_state: &made.static_state,
        dynamic_state: made.dynamic_state,
        transports: made.transports,
    };
    let mut tx = actor.begin(&app).await?;
    let stored = passkeys::create(&mut tx, actor.user, new, MAX_PASSKEYS).await.map_err(|error| match error {
        Error::Conflict(_) => ApiError::PasskeyTaken,
        error => error.into(),
    })?;
    let stored = stored.ok_or(ApiError::TooManyPasskeys)?;
    tx.commit().await?;
    let object = Some(AuditObject::new(AuditObjectKind::Passkey, stored.id));
    Ok((StatusCode::CREATED, Subject { object, ..Subject::default() }, Json(Passkey::from(stored))).into_response())
}
