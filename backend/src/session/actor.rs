use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use untxt_core::domain::{OwnerId, SessionId, UserId};
use untxt_database::{Transaction, sessions, users};

use super::cookies;
use crate::{App, problem::ApiError};

/// Who is asking, by a good access token. The only way to the data is [`Self::begin`], which also looks whether the
/// session still lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actor {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
}

impl Actor {
    /// Gives the owner whose documents this person works with.
    pub(crate) fn owner(&self) -> OwnerId {
        self.user.as_owner()
    }

    /// Begins a transaction in this person's name, if the session lives; the session counts as used once the
    /// transaction is committed.
    pub(crate) async fn begin(&self, app: &App) -> Result<Transaction, ApiError> {
        let mut tx = app.db.begin_as(self.user).await?;
        if !sessions::is_live(&mut tx, self.session, app.logins.idle).await? {
            return Err(ApiError::NotLoggedIn);
        }
        sessions::touch(&mut tx, self.session).await?;
        Ok(tx)
    }

    /// As [`Self::begin`], for administrators only.
    pub(crate) async fn begin_as_admin(&self, app: &App) -> Result<Transaction, ApiError> {
        let mut tx = self.begin(app).await?;
        if users::is_admin(&mut tx).await? { Ok(tx) } else { Err(ApiError::NotAdmin) }
    }

    /// Says whether the session still lives, without counting as use.
    pub(crate) async fn is_live(&self, app: &App) -> Result<bool, untxt_database::Error> {
        let mut tx = app.db.begin_as(self.user).await?;
        sessions::is_live(&mut tx, self.session, app.logins.idle).await
    }
}

impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let token = cookies::find_access(&parts.headers).ok_or(ApiError::NotLoggedIn)?;
        let bearer = app.logins.access.read(&token).ok_or(ApiError::NotLoggedIn)?;
        Ok(Self { user: bearer.user, session: bearer.session })
    }
}
