//! What lets a person in: nobody removes the last of it, not even two of them at once.

use untxt_database::{PgConnection, identities, passkeys, users::User};

use crate::{App, problem::ApiError};

/// What one person has, as long as the transaction lasts in which it was asked.
pub(crate) struct WaysIn {
    user: User,
    has_password: bool,
}

impl WaysIn {
    /// Locks the person: whoever removes another way in waits.
    pub(crate) async fn lock(conn: &mut PgConnection, user: User) -> Result<Self, ApiError> {
        let has_password = identities::lock_has_password(conn, user.id).await?;
        Ok(Self { user, has_password })
    }

    /// Refuses to go on when nothing is left in this transaction.
    pub(crate) async fn refuse_none(&self, app: &App, conn: &mut PgConnection) -> Result<(), ApiError> {
        let is_let_in = app.sso.takes_password_of(self.user.role);
        if is_let_in && self.has_password {
            return Ok(());
        }
        if is_let_in && app.passkeys.is_some() && !passkeys::list(conn, self.user.id).await?.is_empty() {
            return Ok(());
        }
        // What no provider of today stands behind is no way in.
        let identities = identities::list(conn, self.user.id).await?;
        if identities.iter().any(|one| app.sso.has(&one.provider)) {
            return Ok(());
        }
        Err(ApiError::LastWayIn)
    }
}
