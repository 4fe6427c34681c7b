use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use untxt_core::domain::UserId;
use untxt_database::{Error, invitations, users};
use utoipa::ToSchema;

use crate::{
    App,
    access::ClientAddress,
    extract::Json,
    problem::ApiError,
    session::{LinkSecret, SessionAnswer, begin, check_new_password, device},
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    #[schema(value_type = String)]
    secret: SecretString,
    #[schema(value_type = String)]
    password: SecretString,
}

/// Makes the account that an invitation is for, with a password of the new person's own, and logs them in.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/accept",
    request_body = Acceptance,
    responses((status = 200, description = "logged in, with two cookies", body = SessionAnswer)),
)]
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Json(body): Json<Acceptance>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.check_address(&mut tx, address).await?;
    drop(tx);
    let hash = app.logins.passwords.hash(body.password.clone()).await?;
    let mut tx = app.db.begin_system().await?;
    let taken = match LinkSecret::read(body.secret.expose_secret()) {
        Some(secret) => invitations::take(&mut tx, &secret.hash()).await?,
        None => None,
    };
    let Some(invited) = taken else {
        app.logins.throttle.record_address(&mut tx, address).await?;
        tx.commit().await?;
        return Err(ApiError::LinkNotGood);
    };
    // Not committed: a weak password uses nothing up.
    check_new_password(&invited.login, &body.password)?;
    let id = UserId::generate();
    tx.act_as(id).await?;
    let made = users::create(&mut tx, id, &invited.login, &hash, invited.role).await;
    let user = made.map_err(|error| match error {
        Error::Conflict(_) => ApiError::LoginTaken,
        error => error.into(),
    })?;
    users::set_mail(&mut tx, id, invited.mail.as_deref()).await?;
    begin(&app, tx, user, device(&headers).as_deref()).await
}
