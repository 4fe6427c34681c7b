use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};
use untxt_core::audit::AuditAction;
use untxt_database::{password_resets, sessions, users};
use utoipa::ToSchema;

use super::link::tell;
use crate::{
    App,
    access::{ClientAddress, Subject},
    extract::Json,
    live::News,
    problem::ApiError,
    session::{FAILURE_FLOOR, LinkSecret, check_new_password},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = PasswordResetConfirmation)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    /// What stands behind the # of the link.
    #[schema(value_type = String)]
    token: SecretString,
    #[schema(value_type = String)]
    password: SecretString,
}

/// Sets a new password for whoever has the link, and ends all their sessions. It logs nobody in, and tokens for programs go on, as
/// with any new password.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets/confirm",
    request_body = Confirmation,
    responses((status = 204, description = "the new password holds")),
)]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Json(body): Json<Confirmation>,
) -> Result<Response, ApiError> {
    let answer_at = Instant::now() + FAILURE_FLOOR;
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.check_address(&mut tx, address).await?;
    drop(tx);
    // Before anything is looked up: it takes as long for a link that is none.
    let hash = app.logins.passwords.hash(body.password.clone()).await?;
    let mut tx = app.db.begin_system().await?;
    let taken = match LinkSecret::read(body.token.expose_secret()) {
        Some(token) => password_resets::take(&mut tx, &token.hash()).await?,
        None => None,
    };
    let Some(person) = taken else {
        app.logins.throttle.record_address(&mut tx, address).await?;
        tx.commit().await?;
        sleep_until(answer_at).await;
        let invalid = Subject { action: Some(AuditAction::PasswordResetTokenInvalid), ..Subject::default() };
        return Ok((invalid, ApiError::LinkNotGood).into_response());
    };
    if let Err(weak) = check_new_password(&person.login, &body.password) {
        // Not committed: a weak password uses nothing up.
        return Ok((Subject::about(person.id), ApiError::from(weak)).into_response());
    }
    tx.act_as(person.id).await?;
    users::reset_password(&mut tx, person.id, &hash).await?;
    let ended = sessions::end_all(&mut tx, person.id, None).await?;
    tx.commit().await?;
    let subject = Subject { user: Some(person.id), ..Subject::about(person.id) };
    // Other processes are told by the database.
    for session in ended {
        app.hub.publish(person.id.as_owner(), News::SessionEnded(session));
    }
    app.lifecycle.spawn(tell(Arc::clone(&app), person));
    Ok((subject, StatusCode::NO_CONTENT).into_response())
}
