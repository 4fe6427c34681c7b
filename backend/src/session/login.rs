use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};
use untxt_core::{
    clock,
    domain::{SessionId, UserId},
};
use untxt_database::{sessions, users, users::Credentials};
use utoipa::ToSchema;

use super::{Logins, SessionAnswer, access_token::Bearer, cookies};
use crate::{
    App,
    access::{ClientAddress, Subject},
    extract::Json,
    problem::ApiError,
};

/// The longest login that the database takes.
const MAX_LOGIN_CHARS: usize = 254;

/// A failed login is not answered before: what was looked up and written must not show in the time.
const FAILURE_FLOOR: Duration = Duration::from_millis(300);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    login: String,
    #[schema(value_type = String)]
    password: SecretString,
}

#[utoipa::path(
    post,
    path = "/api/v1/session",
    request_body = Login,
    responses((status = 200, description = "logged in, with two cookies", body = SessionAnswer)),
)]
pub(super) async fn login(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Json(body): Json<Login>,
) -> Result<Response, ApiError> {
    let started = Instant::now();
    match begin_session(&app, address, body).await {
        Err(refused @ (ApiError::WrongCredentials | ApiError::TooManyAttempts { .. })) => {
            sleep_until(started + FAILURE_FLOOR).await;
            Err(refused)
        }
        answer => answer,
    }
}

async fn begin_session(app: &App, address: Option<IpAddr>, body: Login) -> Result<Response, ApiError> {
    app.logins.throttle.check_address(address, Instant::now())?;
    let credentials = find_unlocked(app, &body.login).await?;
    let hash = credentials.as_ref().map(|credentials| credentials.password_hash.as_str());
    if !app.logins.passwords.check(body.password, hash).await? {
        app.logins.throttle.record_address(address, Instant::now());
        record_failure(app, &body.login, credentials.map(|credentials| credentials.user.id)).await?;
        return Err(ApiError::WrongCredentials);
    }
    // Looked up again: guesses sent at the same time may have locked the login meanwhile.
    let credentials = find_unlocked(app, &body.login).await?.ok_or(ApiError::WrongCredentials)?;
    create_session(app, credentials).await
}

async fn find_unlocked(app: &App, login: &str) -> Result<Option<Credentials>, ApiError> {
    let mut tx = app.db.begin_system().await?;
    // Nobody has such a login, and the database would refuse the question.
    let credentials = if can_exist(login) { users::find_by_login(&mut tx, login).await? } else { None };
    match &credentials {
        None => app.logins.throttle.check_stranger(login, Instant::now())?,
        Some(Credentials { locked_for: Some(retry_after), .. }) => {
            return Err(ApiError::TooManyAttempts { retry_after: *retry_after });
        }
        Some(_) => {}
    }
    Ok(credentials)
}

fn can_exist(login: &str) -> bool {
    login.chars().count() <= MAX_LOGIN_CHARS && !login.chars().any(char::is_control)
}

async fn record_failure(app: &App, login: &str, user: Option<UserId>) -> Result<(), ApiError> {
    let Some(user) = user else {
        app.logins.throttle.record_stranger(login, Instant::now());
        return Ok(());
    };
    let mut tx = app.db.begin_as(user).await?;
    let locked = users::record_failed_login(&mut tx, user).await?;
    tx.commit().await?;
    if let Some(locked) = locked {
        tracing::warn!(user.id = %user, locked_seconds = locked.as_secs(), "a login is locked after failed attempts");
    }
    Ok(())
}

async fn create_session(app: &App, credentials: Credentials) -> Result<Response, ApiError> {
    let Logins { access, refresh, absolute, .. } = &app.logins;
    let (user, id) = (credentials.user, SessionId::generate());
    let refresh = refresh.issue(user.id, id).map_err(ApiError::internal)?;
    let mut tx = app.db.begin_as(user.id).await?;
    users::reset_failed_logins(&mut tx, user.id).await?;
    let session = sessions::create(&mut tx, id, user.id, &refresh.hash(), *absolute).await?;
    tx.commit().await?;
    let bearer = Bearer { user: user.id, session: session.id };
    let access = access.issue(bearer, clock::now()).map_err(ApiError::internal)?;
    let answer = axum::Json(SessionAnswer::new(user, &session));
    let subject = Subject { user: Some(session.user), ..Subject::default() };
    Ok((subject, cookies::set(access, refresh.text()), answer).into_response())
}
