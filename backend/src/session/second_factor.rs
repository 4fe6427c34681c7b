//! The second step of a login, and the check of a code wherever one is asked for.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};
use untxt_core::{audit::AuditDetail, clock, crypto::LabelKey, domain::UserId};
use untxt_database::{labels, second_factors, users};
use utoipa::ToSchema;

use super::{
    SessionAnswer,
    begin::begin,
    device::device,
    login::{FAILURE_FLOOR, record_wrong_secret},
    recovery_code::RecoveryCode,
    totp::TotpSecret,
};
use crate::{
    App,
    access::{ClientAddress, Subject},
    documents::WrappedKeys,
    extract::Json,
    problem::ApiError,
};

/// What a line says of whoever has lost the app.
const RECOVERY_CODE: AuditDetail = AuditDetail::new("recovery_code");

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondStep {
    /// What the first step gave.
    #[schema(value_type = String)]
    pending: SecretString,
    /// Of the app, or a recovery code.
    #[schema(value_type = String)]
    code: SecretString,
}

/// Ends a login that asked for a code.
#[utoipa::path(
    post,
    path = "/api/v1/session/second-factor",
    request_body = SecondStep,
    responses((status = 200, description = "logged in, with two cookies", body = SessionAnswer)),
)]
pub(super) async fn second_step(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Json(body): Json<SecondStep>,
) -> Result<Response, ApiError> {
    let started = Instant::now();
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.check_address(&mut tx, address).await?;
    drop(tx);
    let pending = app.logins.pending.read(body.pending.expose_secret()).ok_or(ApiError::LoginExpired)?;
    let mut tx = app.db.begin_as(pending.user).await?;
    let own = users::find_own(&mut tx, pending.user).await?.ok_or(ApiError::LoginExpired)?;
    drop(tx);
    if own.is_disabled || !app.logins.pending.is_of(&pending, &own.password_hash) {
        return Err(ApiError::LoginExpired);
    }
    if let Some(retry_after) = own.locked_for {
        return Ok((Subject::about(pending.user), ApiError::TooManyAttempts { retry_after }).into_response());
    }
    if !is_right_code(&app, pending.user, body.code.expose_secret()).await? {
        let wrong = record_wrong_secret(&app, pending.user).await?;
        let mut tx = app.db.begin_system().await?;
        app.logins.throttle.record_address(&mut tx, address).await?;
        tx.commit().await?;
        sleep_until(started + FAILURE_FLOOR).await;
        return Ok((wrong, ApiError::WrongCode).into_response());
    }
    let tx = app.db.begin_as(pending.user).await?;
    let mut answer = begin(&app, tx, own.user, device(&headers).as_deref()).await?;
    if RecoveryCode::read(body.code.expose_secret()).is_some() {
        Subject::of(&mut answer).detail = Some(RECOVERY_CODE);
    }
    Ok(answer)
}

/// Takes a code of somebody's app, or a recovery code, once: the same one is not right again.
pub(crate) async fn is_right_code(app: &App, user: UserId, code: &str) -> Result<bool, ApiError> {
    let mut tx = app.db.begin_as(user).await?;
    if let Some(code) = RecoveryCode::read(code) {
        let is_taken = second_factors::take_recovery_code(&mut tx, user, &code.hash()).await?;
        tx.commit().await?;
        return Ok(is_taken);
    }
    let Some(factor) = second_factors::find(&mut tx, user).await? else { return Ok(false) };
    drop(tx);
    if factor.confirmed_at.is_none() {
        return Ok(false);
    }
    take_code(app, user, &factor.secret_sealed, code, false).await
}

/// Takes a code of the app with this secret, once.
pub(crate) async fn take_code(
    app: &App,
    user: UserId,
    sealed: &[u8],
    code: &str,
    confirms: bool,
) -> Result<bool, ApiError> {
    let damaged = |error| ApiError::of_stored("second factor", user, error);
    let secret = label_key(app, user).await?.open_second_factor(user, sealed).map_err(damaged)?;
    let now = u64::try_from(clock::now().unix_timestamp()).unwrap_or_default();
    let code: String = code.chars().filter(|c| *c != ' ').collect();
    let Some(step) = TotpSecret::from_bytes(&secret).find_step(&code, now) else { return Ok(false) };
    let mut tx = app.db.begin_as(user).await?;
    let is_taken = second_factors::take_step(&mut tx, user, step, confirms).await?;
    tx.commit().await?;
    Ok(is_taken)
}

/// Opens the label key of somebody who has one; there is no session yet to do it in the name of.
async fn label_key(app: &App, user: UserId) -> Result<LabelKey, ApiError> {
    let owner = user.as_owner();
    let mut tx = app.db.begin_as(user).await?;
    let stored = labels::find_key(&mut tx, owner).await?.ok_or_else(|| ApiError::internal("the label key is gone"))?;
    let keys = WrappedKeys::load(&mut tx, [(owner, stored.owner_key_version)]).await?;
    drop(tx);
    keys.open(app).await?.label_key(owner, &stored)
}
