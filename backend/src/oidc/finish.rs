use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use untxt_core::{audit::AuditAction, domain::UserId};
use untxt_database::{Error, Transaction, identities, users};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    provider::{Claims, Provider},
    ticket::{Purpose, Ticket},
    trouble::Trouble,
};
use crate::{
    App,
    access::Subject,
    extract::{Json, Path},
    problem::ApiError,
    session::{CodeWanted, SessionAnswer, begin, can_be_login, device, go_on},
};

/// What the provider's redirect brought to our page.
#[derive(Deserialize, ToSchema)]
#[schema(as = ProviderReturn)]
#[serde(deny_unknown_fields)]
pub(super) struct Return {
    #[schema(value_type = String)]
    pub(super) code: SecretString,
    pub(super) state: String,
    /// Who says to be the issuer (RFC 9207), if anybody does.
    #[serde(default)]
    pub(super) iss: Option<String>,
}

/// Ends a login by a provider. Our page posts what the provider sent: so it is in no address, and in no log.
#[utoipa::path(
    post,
    path = "/api/v1/oidc/{provider}/finish",
    request_body = Return,
    responses(
        (status = 200, description = "logged in, with two cookies", body = SessionAnswer),
        (status = 202, description = "the provider is believed, and a code is asked for", body = CodeWanted),
    ),
)]
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Return>,
) -> Result<Response, ApiError> {
    let provider = app.sso.find(&id)?;
    let tx = app.db.begin_system().await?;
    match log_in(&app, tx, provider, &headers, body).await {
        Ok(answer) => Ok((Ticket::forget(), answer).into_response()),
        Err(refused) => {
            let failed = Subject { action: Some(AuditAction::SsoFailed), ..Subject::default() };
            Ok((failed, Ticket::forget(), refused).into_response())
        }
    }
}

async fn log_in(
    app: &App,
    tx: Transaction,
    provider: &Provider,
    headers: &HeaderMap,
    body: Return,
) -> Result<Response, ApiError> {
    let claims = redeem(app, tx, provider, Purpose::LogIn, headers, body).await?;
    let mut tx = app.db.begin_system().await?;
    let known = identities::find(&mut tx, &claims.subject_hash).await?;
    drop(tx);
    let answer = match known {
        Some(user) => let_in(app, user, &claims, headers).await,
        None if provider.signup => sign_up(app, provider, &claims, headers).await,
        None => return Err(Trouble::Nobody.told(&provider.id)),
    };
    answer.map_err(|error| match error {
        // Disabled meanwhile, or gone.
        ApiError::WrongCredentials => Trouble::Nobody.told(&provider.id),
        error => error,
    })
}

/// Takes what came back from a provider, once, and gives whom it names. The transaction has the actor that it began with.
pub(super) async fn redeem(
    app: &App,
    mut tx: Transaction,
    provider: &Provider,
    purpose: Purpose,
    headers: &HeaderMap,
    body: Return,
) -> Result<Claims, ApiError> {
    let ticket = Ticket::find(headers).ok_or(ApiError::SsoExpired)?;
    // Of another browser, or for something else: it uses nothing up.
    if !app.sso.tickets.is_state(&ticket, purpose, &body.state) {
        return Err(ApiError::SsoExpired);
    }
    let is_good = identities::take(&mut tx, &ticket.hash(), &provider.id).await?;
    tx.commit().await?;
    if !is_good {
        return Err(ApiError::SsoExpired);
    }
    if body.iss.is_some_and(|issuer| !provider.is_issuer(&issuer)) {
        return Err(Trouble::Issuer.told(&provider.id));
    }
    let claims = provider.redeem(&app.sso.tickets, &ticket, &body.code).await;
    claims.map_err(|trouble| trouble.told(&provider.id))
}

/// Lets in whose identity it is, as their password would.
async fn let_in(app: &App, user: UserId, claims: &Claims, headers: &HeaderMap) -> Result<Response, ApiError> {
    let mut tx = app.db.begin_as(user).await?;
    identities::note_use(&mut tx, &claims.subject_hash).await?;
    let found = users::find_own(&mut tx, user).await?.ok_or(ApiError::WrongCredentials)?;
    tx.commit().await?;
    go_on(app, &found, headers).await
}

/// Makes an account for whoever the provider lets in. Its login is the address that the provider has verified; if somebody has it,
/// nobody gets in: an address proves nothing about an account here.
async fn sign_up(app: &App, provider: &Provider, claims: &Claims, headers: &HeaderMap) -> Result<Response, ApiError> {
    let refused = || Trouble::SignupRefused.told(&provider.id);
    let login = claims.mail.as_deref().filter(|mail| can_be_login(mail)).ok_or_else(refused)?;
    let nobody_knows = SecretString::from(Uuid::new_v4().to_string());
    let hash = app.logins.passwords.hash(nobody_knows).await?;
    let id = UserId::generate();
    let mut tx = app.db.begin_as(id).await?;
    let made = identities::create_user(&mut tx, id, login, &hash).await;
    let user = made.map_err(|error| match error {
        Error::Conflict(_) => refused(),
        error => error.into(),
    })?;
    let linked = identities::link(&mut tx, id, &provider.id, &claims.subject_hash).await;
    linked.map_err(|error| match error {
        // The same person, in two windows at once.
        Error::Conflict(_) => refused(),
        error => error.into(),
    })?;
    let mut answer = begin(app, tx, user, device(headers).as_deref()).await?;
    Subject::of(&mut answer).action = Some(AuditAction::AccountCreated);
    Ok(answer)
}
