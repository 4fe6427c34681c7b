use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use untxt_core::{
    audit::{AuditObject, AuditObjectKind},
    domain::{LabelName, Scope, TokenId},
};
use untxt_database::tokens::{self, NewToken};
use utoipa::ToSchema;

use super::{Token, secret::Secret};
use crate::{
    App,
    access::Subject,
    extract,
    problem::ApiError,
    session::{Actor, refuse_stale},
};

/// Tokens of one person: one for each of their programs.
const MAX_TOKENS: u32 = 100;

/// The name is shown in a list beside the others.
const MAX_NAME_CHARS: usize = 100;

/// Nothing is good for ever.
const MAX_DAYS: u32 = 365;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Deserialize, ToSchema)]
#[schema(as = NewToken)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    scopes: Vec<Scope>,
    expires_in_days: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CreatedToken)]
pub(super) struct Created {
    #[serde(flatten)]
    token: Token,
    /// Shown now and never again.
    secret: String,
}

/// Makes a token: 201, and the only answer that has its secret.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    request_body = New,
    responses((status = 201, description = "made", body = Created)),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(new): extract::Json<New>,
) -> Result<Response, ApiError> {
    let name = LabelName::new(&new.name).filter(|name| name.as_str().chars().count() <= MAX_NAME_CHARS);
    let name = name.ok_or(ApiError::InvalidName)?;
    let scopes: Vec<_> = Scope::ALL.iter().copied().filter(|scope| new.scopes.contains(scope)).collect();
    if scopes.is_empty() {
        return Err(ApiError::InvalidScopes);
    }
    if !(1..=MAX_DAYS).contains(&new.expires_in_days) {
        return Err(ApiError::InvalidExpiry);
    }
    let secret = Secret::generate().map_err(ApiError::internal)?;
    let new = NewToken {
        id: TokenId::generate(),
        user: actor.user,
        name: name.as_str(),
        hash: &secret.hash(),
        scopes: &scopes,
        life: DAY * new.expires_in_days,
    };
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let token = tokens::create(&mut tx, new, MAX_TOKENS).await?.ok_or(ApiError::TooManyTokens)?;
    tx.commit().await?;
    let object = Some(AuditObject::new(AuditObjectKind::Token, token.id.as_uuid()));
    let created = Json(Created { token: token.into(), secret: secret.text() });
    Ok((StatusCode::CREATED, Subject { object, ..Subject::default() }, created).into_response())
}
