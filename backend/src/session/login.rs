use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep_until};
use untxt_core::{audit::AuditAction, clock, domain::UserId};
use untxt_database::{second_factors, users, users::Credentials};
use utoipa::ToSchema;

use super::{SessionAnswer, begin::begin, device::device};
use crate::{
    App,
    access::{ClientAddress, Subject},
    extract::Json,
    problem::ApiError,
};

/// The longest login that the database takes.
const MAX_LOGIN_CHARS: usize = 254;

/// A failed login is not answered before: what was looked up and written must not show in the time.
pub(crate) const FAILURE_FLOOR: Duration = Duration::from_millis(300);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    login: String,
    #[schema(value_type = String)]
    password: SecretString,
}

/// What the second step has to bring along.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeWanted {
    pending: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

#[utoipa::path(
    post,
    path = "/api/v1/session",
    request_body = Login,
    responses(
        (status = 200, description = "logged in, with two cookies", body = SessionAnswer),
        (status = 202, description = "the password was right, and a code is asked for", body = CodeWanted),
    ),
)]
pub(super) async fn login(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Json(body): Json<Login>,
) -> Result<Response, ApiError> {
    let started = Instant::now();
    let mut tried = Subject::default();
    match begin_session(&app, address, &headers, body, &mut tried).await {
        Err(refused @ (ApiError::WrongCredentials | ApiError::TooManyAttempts { .. })) => {
            sleep_until(started + FAILURE_FLOOR).await;
            // Whatever was wrong: nobody learns here whose password is right.
            let is_only_way = app.sso.are_only_way() && matches!(refused, ApiError::WrongCredentials);
            let refused = if is_only_way { ApiError::SsoOnly } else { refused };
            Ok((tried, refused).into_response())
        }
        answer => answer,
    }
}

async fn begin_session(
    app: &App,
    address: Option<IpAddr>,
    headers: &HeaderMap,
    body: Login,
    tried: &mut Subject,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.check_address(&mut tx, address).await?;
    drop(tx);
    let credentials = find_unlocked(app, &body.login, tried).await?;
    let hash = credentials.as_ref().map(|credentials| credentials.password_hash.as_str());
    if !app.logins.passwords.check(body.password, hash).await? {
        let user = credentials.map(|credentials| credentials.user.id);
        tried.action = record_failure(app, address, &body.login, user).await?;
        return Err(ApiError::WrongCredentials);
    }
    // Looked up again: guesses sent at the same time may have locked the login meanwhile.
    let found = find_unlocked(app, &body.login, tried).await?.ok_or(ApiError::WrongCredentials)?;
    if !app.sso.takes_password_of(found.user.role) {
        // As a wrong one, also for whoever counts.
        tried.action = record_failure(app, address, &body.login, Some(found.user.id)).await?;
        return Err(ApiError::WrongCredentials);
    }
    go_on(app, &found, headers).await
}

/// Goes on with somebody whom a password or a provider has proved: asks for a code, or begins a session.
pub(crate) async fn go_on(app: &App, found: &Credentials, headers: &HeaderMap) -> Result<Response, ApiError> {
    let mut tx = app.db.begin_as(found.user.id).await?;
    if second_factors::is_confirmed(&mut tx, found.user.id).await? {
        return ask_for_code(app, found);
    }
    begin(app, tx, found.user.clone(), device(headers).as_deref()).await
}

/// The first proof was right, and a code is asked for: 202. Failures stay counted until the code was right too.
fn ask_for_code(app: &App, found: &Credentials) -> Result<Response, ApiError> {
    let issued = app.logins.pending.issue(found.user.id, &found.password_hash, clock::now());
    let (pending, expires_at) = issued.map_err(ApiError::internal)?;
    let begun = Some(AuditAction::LoginBegun);
    let subject = Subject { user: Some(found.user.id), action: begun, ..Subject::default() };
    Ok((StatusCode::ACCEPTED, subject, axum::Json(CodeWanted { pending, expires_at })).into_response())
}

/// Finds who has this login, if it is not locked. Who is disabled is nobody, for all that anybody can see.
async fn find_unlocked(app: &App, login: &str, tried: &mut Subject) -> Result<Option<Credentials>, ApiError> {
    let mut tx = app.db.begin_system().await?;
    // Nobody has such a login, and the database would refuse the question.
    let found = if can_exist(login) { users::find_by_login(&mut tx, login).await? } else { None };
    match &found {
        Some(credentials) => tried.object = Some(credentials.user.id.into()),
        None => tried.login = Some(app.logins.mark(login)),
    }
    match found.filter(|credentials| !credentials.is_disabled) {
        None => {
            app.logins.throttle.check_stranger(&mut tx, login).await?;
            Ok(None)
        }
        Some(Credentials { locked_for: Some(retry_after), .. }) => Err(ApiError::TooManyAttempts { retry_after }),
        credentials => Ok(credentials),
    }
}

/// Says whether somebody may have this login, for all that the database takes.
pub(crate) fn can_exist(login: &str) -> bool {
    login.chars().count() <= MAX_LOGIN_CHARS && !login.chars().any(char::is_control)
}

/// Counts a failed login; gives what the record says instead when the login is locked now.
async fn record_failure(
    app: &App,
    address: Option<IpAddr>,
    login: &str,
    user: Option<UserId>,
) -> Result<Option<AuditAction>, ApiError> {
    let throttle = &app.logins.throttle;
    let mut tx = app.db.begin_system().await?;
    throttle.record_address(&mut tx, address).await?;
    if user.is_none() {
        throttle.record_stranger(&mut tx, login).await?;
    }
    tx.commit().await?;
    match user {
        Some(user) => Ok(record_wrong_secret(app, user).await?.action),
        None => Ok(None),
    }
}

/// Counts a wrong password or code of somebody, and locks their login from the fifth on. What it gives goes into the answer, for
/// the record.
pub(crate) async fn record_wrong_secret(app: &App, user: UserId) -> Result<Subject, ApiError> {
    let mut tx = app.db.begin_as(user).await?;
    let locked = users::record_failed_login(&mut tx, user).await?;
    tx.commit().await?;
    if let Some(locked) = locked {
        tracing::warn!(user.id = %user, locked_seconds = locked.as_secs(), "a login is locked after failed attempts");
    }
    Ok(Subject { action: locked.map(|_| AuditAction::AccountLocked), ..Subject::about(user) })
}
