//! Ties an identity to somebody who is logged in: after a fresh proof here, and a login there.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use untxt_core::audit::{AuditObject, AuditObjectKind};
use untxt_database::{Error, identities};
use uuid::Uuid;

use super::{
    begin::{Address, prepare, send_away},
    finish::{Return, redeem},
    provider::Provider,
    ticket::{Purpose, Ticket},
};
use crate::{
    App,
    access::Subject,
    extract::{Json, Path},
    problem::ApiError,
    session::{Actor, refuse_stale},
};

/// Sends somebody to a provider whose identity they want to log in with.
#[utoipa::path(
    post,
    path = "/api/v1/account/oidc/{provider}",
    responses((status = 200, description = "where to go, with a cookie", body = Address)),
)]
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let provider = app.sso.find(&id)?;
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    tx.commit().await?;
    let ready = prepare(&app, provider, Purpose::Link).await?;
    send_away(actor.begin(&app).await?, provider, ready).await
}

/// Ties the identity that the provider names to whoever was logged in when this began, and still is.
#[utoipa::path(
    post,
    path = "/api/v1/account/oidc/{provider}/finish",
    request_body = Return,
    responses((status = 204, description = "it lets its person in from now on")),
)]
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Return>,
) -> Result<Response, ApiError> {
    let provider = app.sso.find(&id)?;
    actor.login()?;
    let answer = match tie(&app, &actor, provider, &headers, body).await {
        Ok(identity) => {
            let object = Some(AuditObject::new(AuditObjectKind::Sso, identity));
            (Subject { object, ..Subject::default() }, StatusCode::NO_CONTENT).into_response()
        }
        Err(refused) => refused.into_response(),
    };
    Ok((Ticket::forget(), answer).into_response())
}

async fn tie(
    app: &App,
    actor: &Actor,
    provider: &Provider,
    headers: &HeaderMap,
    body: Return,
) -> Result<Uuid, ApiError> {
    let tx = actor.begin(app).await?;
    let claims = redeem(app, tx, provider, Purpose::Link, headers, body).await?;
    // Asked again: meanwhile the session may have ended.
    let mut tx = actor.begin(app).await?;
    let linked = identities::link(&mut tx, actor.user, &provider.id, &claims.subject_hash).await;
    let identity = linked.map_err(|error| match error {
        Error::Conflict(_) => ApiError::IdentityTaken,
        error => error.into(),
    })?;
    tx.commit().await?;
    Ok(identity)
}
