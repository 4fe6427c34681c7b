use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use untxt_database::tokens;
use utoipa::ToSchema;

use super::Token;
use crate::{App, problem::ApiError, session::Actor};

#[derive(Serialize, ToSchema)]
pub(super) struct Tokens {
    /// Newest first.
    tokens: Vec<Token>,
}

/// Lists the person's tokens, never with their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", responses((status = 200, description = "all of them", body = Tokens)))]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Tokens>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let found = tokens::list(&mut tx, actor.user).await?;
    tx.commit().await?;
    Ok(Json(Tokens { tokens: found.into_iter().map(Into::into).collect() }))
}
