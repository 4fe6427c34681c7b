use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use untxt_core::domain::{SessionId, UserId};
use untxt_database::sessions;

use super::cookies;
use crate::{App, access::Subject, live::News, problem::ApiError};

/// Ends the session at once, here and (by the database) in every process. Logging out twice is fine.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204, description = "logged out")))]
pub(super) async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let known = find_session(&app, &headers);
    if let Some((user, session)) = known {
        let mut tx = app.db.begin_as(user).await?;
        sessions::end(&mut tx, session).await?;
        tx.commit().await?;
        app.hub.publish(user.as_owner(), News::SessionEnded(session));
    }
    let subject = Subject {
        user: known.map(|(user, _)| user),
        object: known.map(|(_, session)| session.into()),
        ..Subject::default()
    };
    Ok((subject, cookies::clear(), StatusCode::NO_CONTENT).into_response())
}

/// Either token says which session: the access token may have run out.
fn find_session(app: &App, headers: &HeaderMap) -> Option<(UserId, SessionId)> {
    let access = cookies::find_access(headers).and_then(|token| app.logins.access.read(&token));
    let refresh = || cookies::find_refresh(headers).and_then(|token| app.logins.refresh.read(&token));
    access.map(|bearer| (bearer.user, bearer.session)).or_else(|| refresh().map(|token| (token.user, token.session)))
}
