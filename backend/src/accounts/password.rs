use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use untxt_database::{sessions, users};
use utoipa::ToSchema;

use crate::{
    App,
    extract::Json,
    live::News,
    problem::ApiError,
    session::{Actor, SessionAnswer, check_new_password, record_wrong_secret, replace},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = PasswordChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[schema(value_type = String)]
    old: SecretString,
    #[schema(value_type = String)]
    new: SecretString,
}

/// Changes the person's password. All other sessions end, and this one gets another id.
#[utoipa::path(
    post,
    path = "/api/v1/account/password",
    request_body = Change,
    responses((status = 200, description = "changed, with two new cookies", body = SessionAnswer)),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Json(body): Json<Change>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let own = users::find_own(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    tx.commit().await?;
    if let Some(retry_after) = own.locked_for {
        return Err(ApiError::TooManyAttempts { retry_after });
    }
    if !app.logins.passwords.check(body.old, Some(&own.password_hash)).await? {
        let wrong = record_wrong_secret(&app, actor.user).await?;
        return Ok((wrong, ApiError::WrongPassword).into_response());
    }
    check_new_password(&own.user.login, &body.new)?;
    let hash = app.logins.passwords.hash(body.new).await?;
    let mut tx = actor.begin(&app).await?;
    if !users::change_password(&mut tx, actor.user, &own.password_hash, &hash).await? {
        return Err(ApiError::WrongPassword);
    }
    let ended = sessions::end_all(&mut tx, actor.user, actor.session()).await?;
    let answer = replace(&app, tx, own.user, actor.login()?).await?;
    for session in ended {
        app.hub.publish(actor.user.as_owner(), News::SessionEnded(session));
    }
    Ok(answer)
}
