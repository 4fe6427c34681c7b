//! How a session begins: after a login, and in the place of another one when what its person may do has changed.

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use untxt_core::{
    clock,
    domain::{SessionId, UserId},
};
use untxt_database::{
    PgConnection, Transaction, second_factors,
    sessions::{self, Session},
    users::{self, User},
};

use super::{Logins, SessionAnswer, access_token::Bearer, cookies, refresh_token::RefreshToken};
use crate::{App, access::Subject, live::News, problem::ApiError};

/// Begins a session for somebody who has proved who they are, commits, and gives the cookies.
pub(crate) async fn begin(
    app: &App,
    mut tx: Transaction,
    user: User,
    device: Option<&str>,
) -> Result<Response, ApiError> {
    // Locks the row: whoever disables this person at the same time comes before, or ends this session too.
    if !users::admit(&mut tx, user.id).await? {
        return Err(ApiError::WrongCredentials);
    }
    let (id, refresh) = issue(app, user.id)?;
    let session = sessions::create(&mut tx, id, user.id, &refresh.hash(), app.logins.absolute).await?;
    sessions::set_device(&mut tx, id, device).await?;
    let must_enrol = must_enrol(app, &mut tx, &user).await?;
    tx.commit().await?;
    answer(app, SessionAnswer::new(user, &session, must_enrol), &session, &refresh, Nothing {})
}

/// Ends a session and gives its person another one, which ends when the old one would have, commits, and gives the cookies:
/// whoever has a copy of the old ones doesn't gain what was just allowed.
pub(crate) async fn replace(app: &App, tx: Transaction, user: User, old: SessionId) -> Result<Response, ApiError> {
    replace_with(app, tx, user, old, Nothing {}).await
}

/// As [`replace`], with more in the answer.
pub(crate) async fn replace_with(
    app: &App,
    mut tx: Transaction,
    user: User,
    old: SessionId,
    more: impl Serialize,
) -> Result<Response, ApiError> {
    let (id, refresh) = issue(app, user.id)?;
    let session = sessions::replace(&mut tx, old, id, &refresh.hash()).await?.ok_or(ApiError::NotLoggedIn)?;
    let must_enrol = must_enrol(app, &mut tx, &user).await?;
    tx.commit().await?;
    app.hub.publish(user.id.as_owner(), News::SessionEnded(old));
    answer(app, SessionAnswer::new(user, &session, must_enrol), &session, &refresh, more)
}

/// Says whether a person has to set up a second factor before anything else.
pub(super) async fn must_enrol(app: &App, conn: &mut PgConnection, user: &User) -> Result<bool, ApiError> {
    Ok(app.logins.second_factor.is_for(user.role) && !second_factors::is_confirmed(conn, user.id).await?)
}

/// Gives both tokens of a session to the browser.
pub(super) fn answer(
    app: &App,
    session: SessionAnswer,
    of: &Session,
    refresh: &RefreshToken,
    more: impl Serialize,
) -> Result<Response, ApiError> {
    let bearer = Bearer { user: of.user, session: of.id };
    let access = app.logins.access.issue(bearer, clock::now()).map_err(ApiError::internal)?;
    let subject = Subject { user: Some(of.user), object: Some(of.id.into()), ..Subject::default() };
    Ok((subject, cookies::set(access, refresh.text()), axum::Json(Together { session, more })).into_response())
}

#[derive(Serialize)]
pub(super) struct Nothing {}

#[derive(Serialize)]
struct Together<More> {
    #[serde(flatten)]
    session: SessionAnswer,
    #[serde(flatten)]
    more: More,
}

fn issue(app: &App, user: UserId) -> Result<(SessionId, RefreshToken), ApiError> {
    let (Logins { refresh, .. }, id) = (&app.logins, SessionId::generate());
    Ok((id, refresh.issue(user, id).map_err(ApiError::internal)?))
}
