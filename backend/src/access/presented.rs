use http::HeaderMap;
use untxt_core::domain::Role;

use crate::{
    App,
    problem::ApiError,
    session::{self, Actor, Via},
    tokens::{self, Entered},
};

/// Who a request says it is from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presented {
    pub(super) actor: Actor,
    /// Known of tokens, which the database was asked about; of cookies only their signature was looked at.
    pub(super) role: Option<Role>,
}

impl Presented {
    /// Reads the token that a request brings, and its cookies only if it brings none.
    pub(super) async fn read(app: &App, headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        if !tokens::is_brought(headers) {
            return Ok(session::presented(app, headers).map(|actor| Self { actor, role: None }));
        }
        let entered = tokens::authenticate(&app.db, headers).await?;
        Ok(entered.map(|Entered { token, role }| {
            let via = Via::Token { id: token.id, scopes: token.scopes.into_iter().collect() };
            Self { actor: Actor { user: token.user, via }, role: Some(role) }
        }))
    }
}
