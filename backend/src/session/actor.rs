use std::{sync::Arc, time::Duration};

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use untxt_core::domain::{OwnerId, Role, ScopeSet, SessionId, TokenId, UserId};
use untxt_database::{Transaction, emergency, sessions, tokens};

use super::cookies;
use crate::{App, problem::ApiError};

/// How long nobody needs to be there: longer than any session lasts.
const UNATTENDED: Duration = Duration::from_secs(366 * 86_400);

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
    Token {
        /// Which.
        id: TokenId,
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

    /// Begins a transaction in this person's name, if the session or token lives; it counts as used once the
    /// transaction is committed.
    pub(crate) async fn begin(&self, app: &App) -> Result<Transaction, ApiError> {
        Ok(self.enter(app).await?.0)
    }

    /// As [`Self::begin`], for administrators only.
    pub(crate) async fn begin_as_admin(&self, app: &App) -> Result<Transaction, ApiError> {
        match self.enter(app).await? {
            (tx, Role::Admin) => Ok(tx),
            _ => Err(ApiError::NotAllowed),
        }
    }

    /// As [`Self::begin`], for those only who may take access in an emergency.
    pub(crate) async fn begin_in_emergency(&self, app: &App) -> Result<Transaction, ApiError> {
        match self.enter(app).await? {
            (tx, role) if app.emergency.roles().contains(&role) => Ok(tx),
            _ => Err(ApiError::NotAllowed),
        }
    }

    async fn enter(&self, app: &App) -> Result<(Transaction, Role), ApiError> {
        let mut tx = app.db.begin_system().await?;
        let role = match self.via {
            Via::Session(session) => sessions::enter(&mut tx, self.user, session, app.logins.idle).await?,
            Via::Token { id, .. } => tokens::enter(&mut tx, self.user, id).await?,
        };
        let role = role.ok_or(ApiError::NotLoggedIn)?;
        if app.emergency.roles().contains(&role) {
            self.allow_emergency(app, &mut tx).await?;
        }
        Ok((tx, role))
    }

    /// Begins a transaction in this person's name for something that goes on by itself, such as a download: it is no use of the
    /// session, and goes on although nobody uses that meanwhile, but no longer than until it ends.
    pub(crate) async fn begin_unattended(&self, app: &App) -> Result<Transaction, ApiError> {
        let mut tx = app.db.begin_as(self.user).await?;
        let is_live = match self.via {
            Via::Session(session) => sessions::is_live(&mut tx, session, UNATTENDED).await?,
            Via::Token { id, .. } => tokens::enter(&mut tx, self.user, id).await?.is_some(),
        };
        self.allow_emergency(app, &mut tx).await?;
        if is_live { Ok(tx) } else { Err(ApiError::NotLoggedIn) }
    }

    /// Lets the rest of a transaction read by what this person took in an emergency, where the settings let them. A program never
    /// does: its token opens what it did before.
    async fn allow_emergency(&self, app: &App, tx: &mut Transaction) -> Result<(), ApiError> {
        match self.via {
            Via::Session(_) if app.emergency.enabled => Ok(emergency::allow(tx, app.emergency.roles()).await?),
            _ => Ok(()),
        }
    }

    /// Says whether the session or token still lives, without counting as use.
    pub(crate) async fn is_live(&self, app: &App) -> Result<bool, untxt_database::Error> {
        let mut tx = app.db.begin_as(self.user).await?;
        match self.via {
            Via::Session(session) => sessions::is_live(&mut tx, session, app.logins.idle).await,
            // Not committed, so that it is no use.
            Via::Token { id, .. } => Ok(tokens::enter(&mut tx, self.user, id).await?.is_some()),
        }
    }
}

/// Reads who a request says it is from, by what is signed; whether it is still good, the database knows.
pub(crate) fn presented(app: &App, headers: &HeaderMap) -> Option<Actor> {
    let bearer = app.logins.access.read(&cookies::find_access(headers)?)?;
    Some(Actor { user: bearer.user, via: Via::Session(bearer.session) })
}

/// Who was let in by the layer that every route goes through; without it there is nobody.
impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().copied().ok_or(ApiError::NotLoggedIn)
    }
}
