use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use untxt_core::{audit::AuditAction, domain::SessionId};
use untxt_database::{
    sessions::{self, Rotated},
    users,
};

use super::{
    SessionAnswer,
    begin::{Nothing, answer, must_enrol},
    cookies,
    refresh_token::RefreshToken,
};
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
            let must_enrol = must_enrol(app, &mut tx, &user).await?;
            tx.commit().await?;
            answer(app, SessionAnswer::new(user, &session, must_enrol), &session, &next, Nothing {})
        }
        Rotated::Reused(session) => {
            tx.commit().await?;
            end_reused(app, presented, session);
            Ok(refuse(presented, Some(AuditAction::SuspiciousActivity)))
        }
        Rotated::Unknown => {
            drop(tx);
            // Our own tag is on the token, so it was good once: a copy from further back.
            let mut tx = app.db.begin_as(presented.user).await?;
            sessions::end(&mut tx, presented.session).await?;
            tx.commit().await?;
            end_reused(app, presented, presented.session);
            Ok(refuse(presented, None))
        }
    }
}

/// Says in the record whose session it was; who asks now is not known.
fn refuse(presented: &RefreshToken, action: Option<AuditAction>) -> Response {
    let (owner, object) = (Some(presented.user.as_owner()), Some(presented.session.into()));
    let subject = Subject { action, owner, object, ..Subject::default() };
    (subject, cookies::clear(), ApiError::NotLoggedIn).into_response()
}

fn end_reused(app: &App, presented: &RefreshToken, session: SessionId) {
    tracing::warn!(user.id = %presented.user, session.id = %session, "an old refresh token was used; its session is ended");
    app.hub.publish(presented.user.as_owner(), News::SessionEnded(session));
}
