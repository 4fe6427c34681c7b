use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use untxt_core::{clock, domain::SessionId};
use untxt_database::{
    sessions::{self, Rotated, Session},
    users,
};

use super::{SessionAnswer, access_token::Bearer, cookies, refresh_token::RefreshToken};
use crate::{App, access::Subject, live::News, problem::ApiError};

/// Replaces both tokens. Whoever shows a token that was replaced before ends the session: somebody has a copy.
#[utoipa::path(
    post,
    path = "/api/v1/session/refresh",
    responses((status = 200, description = "new cookies", body = SessionAnswer)),
)]
pub(super) async fn refresh(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let token = cookies::find_refresh(&headers).and_then(|token| app.logins.refresh.read(&token));
    let answer = match token {
        Some(token) => rotate(&app, &token).await,
        None => Err(ApiError::NotLoggedIn),
    };
    match answer {
        Err(ApiError::NotLoggedIn) => (cookies::clear(), ApiError::NotLoggedIn).into_response(),
        answer => answer.into_response(),
    }
}

async fn rotate(app: &App, presented: &RefreshToken) -> Result<Response, ApiError> {
    let next = app.logins.refresh.issue(presented.user, presented.session).map_err(ApiError::internal)?;
    let mut tx = app.db.begin_system().await?;
    match sessions::rotate(&mut tx, &presented.hash(), &next.hash(), app.logins.idle).await? {
        Rotated::Live(session) => {
            let user = users::find(&mut tx, session.user).await?.ok_or(ApiError::NotLoggedIn)?;
            tx.commit().await?;
            answer(app, user, &session, &next)
        }
        Rotated::Reused(session) => {
            tx.commit().await?;
            end_reused(app, presented, session);
            Err(ApiError::NotLoggedIn)
        }
        Rotated::Unknown => {
            drop(tx);
            // Our own tag is on the token, so it was good once: a copy from further back.
            let mut tx = app.db.begin_as(presented.user).await?;
            sessions::end(&mut tx, presented.session).await?;
            tx.commit().await?;
            end_reused(app, presented, presented.session);
            Err(ApiError::NotLoggedIn)
        }
    }
}

fn answer(app: &App, user: users::User, session: &Session, next: &RefreshToken) -> Result<Response, ApiError> {
    let bearer = Bearer { user: user.id, session: session.id };
    let access = app.logins.access.issue(bearer, clock::now()).map_err(ApiError::internal)?;
    let answer = axum::Json(SessionAnswer::new(user, session));
    let subject = Subject { user: Some(session.user), object: Some(session.id.into()), ..Subject::default() };
    Ok((subject, cookies::set(access, next.text()), answer).into_response())
}

fn end_reused(app: &App, presented: &RefreshToken, session: SessionId) {
    tracing::warn!(user.id = %presented.user, session.id = %session, "an old refresh token was used; its session is ended");
    app.hub.publish(presented.user.as_owner(), News::SessionEnded(session));
}
