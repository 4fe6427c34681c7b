use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use untxt_database::passkeys;
use utoipa::ToSchema;

use super::show::{Shown, check};
use crate::{
    App,
    access::ClientAddress,
    extract::Json,
    problem::ApiError,
    session::{FAILURE_FLOOR, SessionAnswer, begin as begin_session, device},
};

#[derive(Serialize, ToSchema)]
#[schema(as = PasskeyOptions)]
pub(super) struct Options {
    /// For `PublicKeyCredential.parseRequestOptionsFromJSON()`, or `parseCreationOptionsFromJSON()` for a new passkey.
    #[schema(value_type = Object)]
    pub(super) options: Value,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PasskeyLogin)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// What the device said: `AuthenticationResponseJSON`.
    credential: Shown,
}

/// Asks whoever is there for a passkey: to log in, or to prove again who they are. The challenge is good once, for five minutes.
#[utoipa::path(
    post,
    path = "/api/v1/session/passkey/begin",
    responses((status = 200, description = "what the device is asked", body = Options)),
)]
pub(super) async fn begin(State(app): State<Arc<App>>) -> Result<axum::Json<Options>, ApiError> {
    let party = app.passkeys.as_ref().ok_or(ApiError::PasskeysOff)?;
    let asked = party.ask().map_err(ApiError::internal)?;
    let mut tx = app.db.begin_system().await?;
    passkeys::begin(&mut tx, &asked.hash, &asked.state).await?;
    tx.commit().await?;
    Ok(axum::Json(Options { options: asked.options }))
}

/// Logs in with a passkey. No code is asked for: the device has checked who holds it.
#[utoipa::path(
    post,
    path = "/api/v1/session/passkey",
    request_body = Login,
    responses((status = 200, description = "logged in, with two cookies", body = SessionAnswer)),
)]
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Json(body): Json<Login>,
) -> Result<Response, ApiError> {
    let started = Instant::now();
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.check_address(&mut tx, address).await?;
    drop(tx);
    match log_in(&app, &headers, &body.credential).await {
        Err(refused @ (ApiError::PasskeyRefused | ApiError::LoginExpired)) => {
            count(&app, address).await?;
            sleep_until(started + FAILURE_FLOOR).await;
            Ok(refused.into_response())
        }
        answer => answer,
    }
}

async fn log_in(app: &App, headers: &HeaderMap, shown: &Shown) -> Result<Response, ApiError> {
    let proved = check(app, shown, None).await?;
    let user = proved.credentials.user;
    if !app.sso.takes_password_of(user.role) {
        return Err(ApiError::SsoOnly);
    }
    let answer = begin_session(app, proved.tx, user, device(headers).as_deref()).await;
    answer.map_err(|error| match error {
        // Disabled meanwhile.
        ApiError::WrongCredentials => ApiError::PasskeyRefused,
        error => error,
    })
}

async fn count(app: &App, address: Option<IpAddr>) -> Result<(), ApiError> {
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.record_address(&mut tx, address).await?;
    Ok(tx.commit().await?)
}
