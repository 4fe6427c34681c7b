//! API tokens: what programs are let in with.
//!
//! It promises that a token is shown once and stored only as a hash, that it is good for its scopes and its time alone, that it
//! ends at once when it is revoked or its person is disabled, and that no token makes another one.
//! It refuses to know what the scopes open.

mod authenticate;
mod create;
mod list;
mod revoke;
mod secret;

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::domain::{Scope, TokenId};
use untxt_database::tokens;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use authenticate::{Entered, authenticate, is_brought};

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(revoke::revoke))
}

/// A token as its person sees it.
#[derive(Debug, Serialize, ToSchema)]
struct Token {
    id: TokenId,
    name: String,
    scopes: Vec<Scope>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// To the minute.
    #[serde(with = "time::serde::rfc3339::option")]
    last_used_at: Option<OffsetDateTime>,
}

impl From<tokens::Token> for Token {
    fn from(found: tokens::Token) -> Self {
        let tokens::Token { id, name, scopes, created_at, expires_at, last_used_at } = found;
        Self { id, name, scopes, created_at, expires_at, last_used_at }
    }
}
