//! A person's own second factor: beginning it, confirming it with a first code, new recovery codes, and removing it.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::domain::{Role, UserId};
use untxt_database::{PgConnection, passkeys, second_factors, sessions, users};
use utoipa::ToSchema;

use crate::{
    App, extract, labels,
    live::News,
    problem::ApiError,
    session::{
        Actor, RecoveryCode, SessionAnswer, TotpSecret, record_wrong_secret, refuse_stale, replace_with, take_code,
    },
};

/// One for each of the next lost phones, and one sheet of paper.
const RECOVERY_CODES: usize = 10;

#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    id: UserId,
    login: String,
    role: Role,
    /// Where links to a new password go.
    mail: Option<String>,
    second_factor: Option<SecondFactor>,
    /// Whether the rules of this server ask this person for a second factor.
    needs_second_factor: bool,
    /// How many passkeys let this person in.
    passkeys: usize,
}

#[derive(Serialize, ToSchema)]
struct SecondFactor {
    #[serde(with = "time::serde::rfc3339")]
    since: OffsetDateTime,
    /// How many are left.
    recovery_codes: u32,
}

/// What the app has to know; shown until a first code has been typed.
#[derive(Serialize, ToSchema)]
pub(super) struct Begun {
    secret: String,
    /// For the picture that the app reads.
    address: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    #[schema(value_type = String)]
    code: SecretString,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Codes {
    /// Shown once.
    recovery_codes: Vec<String>,
}

/// A session with the codes that are shown once.
#[derive(Serialize, ToSchema)]
struct Confirmed {
    #[serde(flatten)]
    session: SessionAnswer,
    recovery_codes: Vec<String>,
}

/// Says what the person's account is like.
#[utoipa::path(get, path = "/api/v1/account", responses((status = 200, description = "as it is", body = Account)))]
pub(super) async fn show(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Account>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let mail = users::find_mail(&mut tx, actor.user).await?;
    let factor = second_factors::find(&mut tx, actor.user).await?;
    let passkeys = passkeys::list(&mut tx, actor.user).await?.len();
    tx.commit().await?;
    let second_factor = factor
        .and_then(|factor| Some(SecondFactor { since: factor.confirmed_at?, recovery_codes: factor.recovery_codes }));
    let needs_second_factor = app.logins.second_factor.is_for(user.role);
    Ok(Json(Account {
        id: user.id,
        login: user.login,
        role: user.role,
        mail,
        second_factor,
        needs_second_factor,
        passkeys,
    }))
}

/// Makes a secret for the app. Nothing is asked for until a code of it was shown.
#[utoipa::path(
    post,
    path = "/api/v1/account/second-factor",
    responses((status = 200, description = "begun", body = Begun)),
)]
pub(super) async fn begin(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Begun>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    tx.commit().await?;
    let secret = TotpSecret::generate().map_err(ApiError::internal)?;
    let sealed = labels::key(&app, &actor).await?.seal_second_factor(actor.user, secret.as_bytes())?;
    let mut tx = actor.begin(&app).await?;
    if !second_factors::begin(&mut tx, actor.user, &sealed).await? {
        return Err(ApiError::SecondFactorThere);
    }
    tx.commit().await?;
    Ok(Json(Begun { secret: secret.text(), address: secret.address(&user.login) }))
}

/// Takes the first code: from now on every login asks for one. All other sessions end, and this one gets another id.
#[utoipa::path(
    post,
    path = "/api/v1/account/second-factor/confirm",
    request_body = Code,
    responses((status = 200, description = "there, with two new cookies", body = Confirmed)),
)]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(body): extract::Json<Code>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let factor = second_factors::find(&mut tx, actor.user).await?.ok_or(ApiError::NoSecondFactor)?;
    tx.commit().await?;
    if factor.confirmed_at.is_some() {
        return Err(ApiError::SecondFactorThere);
    }
    if !take_code(&app, actor.user, &factor.secret_sealed, body.code.expose_secret(), true).await? {
        return Err(ApiError::WrongCode);
    }
    let mut tx = actor.begin(&app).await?;
    let codes = make_codes(&mut tx, actor.user).await?;
    let ended = sessions::end_all(&mut tx, actor.user, actor.session()).await?;
    let answer = replace_with(&app, tx, user, actor.login()?, codes).await?;
    for session in ended {
        app.hub.publish(actor.owner(), News::SessionEnded(session));
    }
    Ok(answer)
}

/// Makes new recovery codes; the old ones are good no more.
#[utoipa::path(
    post,
    path = "/api/v1/account/recovery-codes",
    responses((status = 200, description = "the new ones", body = Codes)),
)]
pub(super) async fn renew_codes(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Codes>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    if !second_factors::is_confirmed(&mut tx, actor.user).await? {
        return Err(ApiError::NoSecondFactor);
    }
    let codes = make_codes(&mut tx, actor.user).await?;
    tx.commit().await?;
    Ok(Json(codes))
}

/// Removes the second factor, unless the rules of this server ask for it.
#[utoipa::path(
    delete,
    path = "/api/v1/account/second-factor",
    request_body = Code,
    responses((status = 204, description = "removed")),
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(body): extract::Json<Code>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let own = users::find_own(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    tx.commit().await?;
    if app.logins.second_factor.is_for(own.user.role) {
        return Err(ApiError::SecondFactorNeeded);
    }
    if let Some(retry_after) = own.locked_for {
        return Err(ApiError::TooManyAttempts { retry_after });
    }
    if !crate::session::is_right_code(&app, actor.user, body.code.expose_secret()).await? {
        let wrong = record_wrong_secret(&app, actor.user).await?;
        return Ok((wrong, ApiError::WrongCode).into_response());
    }
    let mut tx = actor.begin(&app).await?;
    if !second_factors::remove(&mut tx, actor.user).await? {
        return Err(ApiError::NoSecondFactor);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn make_codes(conn: &mut PgConnection, user: UserId) -> Result<Codes, ApiError> {
    let codes = (0..RECOVERY_CODES).map(|_| RecoveryCode::generate()).collect::<Result<Vec<_>, _>>();
    let codes = codes.map_err(ApiError::internal)?;
    let hashes: Vec<_> = codes.iter().map(|code| code.hash().to_vec()).collect();
    second_factors::replace_recovery_codes(conn, user, &hashes).await?;
    Ok(Codes { recovery_codes: codes.iter().map(RecoveryCode::text).collect() })
}
