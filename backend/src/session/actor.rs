use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use untxt_core::domain::{OwnerId, Role, ScopeSet, SessionId, UserId};
use untxt_database::{Transaction, sessions};
use uuid::Uuid;

use super::cookies;
use crate::{App, problem::ApiError};

/// Who is asking. The only way to the data is [`Self::begin`], which also looks whether what they were let in with is still
/// good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actor {
    pub(crate) user: UserId,
    pub(crate) via: Via,
}

/// What somebody was let in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// A login, by a good access token.
    Session(SessionId),
    /// A token for the API.
    #[expect(dead_code, reason = "made where tokens are read")]
    Token {
        /// Which.
        id: Uuid,
        /// What it is good for.
        scopes: ScopeSet,
    },
}

impl Actor {
    /// Gives the owner whose documents this person works with.
    pub(crate) fn owner(&self) -> OwnerId {
        self.user.as_owner()
    }

    /// Gives the session; a token has none.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match self.via {
            Via::Session(session) => Some(session),
            Via::Token { .. } => None,
        }
    }

    /// Gives the session to whom only a person in a browser may come: what is asked for here is about the login itself.
    pub(crate) fn login(&self) -> Result<SessionId, ApiError> {
        self.session().ok_or(ApiError::NotLoggedIn)
    }

    /// Begins a transaction in this person's name, if the session lives; the session counts as used once the
    /// transaction is committed.
    pub(crate) async fn begin(&self, app: &App) -> Result<Transaction, ApiError> {
        Ok(self.enter(app).await?.0)
    }

    /// As [`Self::begin`], for administrators only.
    pub(crate) async fn begin_as_admin(&self, app: &App) -> Result<Transaction, ApiError> {
        match self.enter(app).await? {
            (tx, Role::Admin) => Ok(tx),
            _ => Err(ApiError::NotAdmin),
        }
    }

    async fn enter(&self, app: &App) -> Result<(Transaction, Role), ApiError> {
        let Via::Session(session) = self.via else { return Err(ApiError::NotLoggedIn) };
        let mut tx = app.db.begin_system().await?;
        let role = sessions::enter(&mut tx, self.user, session, app.logins.idle).await?;
        Ok((tx, role.ok_or(ApiError::NotLoggedIn)?))
    }

    /// Says whether the session still lives, without counting as use.
    pub(crate) async fn is_live(&self, app: &App) -> Result<bool, untxt_database::Error> {
        let Via::Session(session) = self.via else { return Ok(false) };
        let mut tx = app.db.begin_as(self.user).await?;
        sessions::is_live(&mut tx, session, app.logins.idle).await
    }
}

impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let token = cookies::find_access(&parts.headers).ok_or(ApiError::NotLoggedIn)?;
        let bearer = app.logins.access.read(&token).ok_or(ApiError::NotLoggedIn)?;
        Ok(Self { user: bearer.user, via: Via::Session(bearer.session) })
    }
}
