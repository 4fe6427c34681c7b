use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use untxt_database::{Transaction, identities};
use utoipa::ToSchema;

use super::{
    provider::Provider,
    ticket::{Purpose, Ticket},
};
use crate::{App, extract::Path, problem::ApiError};

#[derive(Serialize, ToSchema)]
#[schema(as = ProviderAddress)]
pub(super) struct Address {
    /// Where the browser goes next: to the provider, and from there back to /oidc/ID of this server.
    address: String,
}

/// Sends somebody to a provider to log in: what comes back is good once, in this browser, for ten minutes.
#[utoipa::path(
    post,
    path = "/api/v1/oidc/{provider}",
    responses((status = 200, description = "where to go, with a cookie", body = Address)),
)]
pub(super) async fn begin(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let provider = app.sso.find(&id)?;
    let ready = prepare(&app, provider, Purpose::LogIn).await?;
    let tx = app.db.begin_system().await?;
    send_away(tx, provider, ready).await
}

/// What a browser takes along.
pub(super) struct Ready {
    ticket: Ticket,
    address: String,
}

/// Asks the provider where to go. No connection to the database waits meanwhile.
pub(super) async fn prepare(app: &App, provider: &Provider, purpose: Purpose) -> Result<Ready, ApiError> {
    let ticket = Ticket::generate().map_err(ApiError::internal)?;
    let address = provider.address(&app.sso.tickets, &ticket, purpose).await;
    let address = address.map_err(|trouble| trouble.told(&provider.id))?;
    Ok(Ready { ticket, address })
}

/// Remembers the browser for the actor of the transaction, commits, and tells it where to go.
pub(super) async fn send_away(mut tx: Transaction, provider: &Provider, ready: Ready) -> Result<Response, ApiError> {
    identities::begin(&mut tx, &ready.ticket.hash(), &provider.id).await?;
    tx.commit().await?;
    Ok((ready.ticket.give(), Json(Address { address: ready.address })).into_response())
}
