use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use untxt_core::config::SecondFactorRule;
use untxt_database::users;

use super::{Actor, begin::must_enrol};
use crate::{App, problem::ApiError};

/// What somebody may do who has to set up a second factor first: that, and log out.
const OPEN: [&str; 3] = ["/api/v1/session", "/api/v1/account", "/api/v1/limits"];

/// Refuses everything else to whoever the rules of this server ask for a second factor, and who has none yet.
pub(crate) async fn refuse_unenrolled(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_under = |open: &str| path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_open = !path.starts_with("/api/") || OPEN.into_iter().any(is_under);
    if is_open || app.logins.second_factor == SecondFactorRule::None {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    if let Ok(actor) = Actor::from_request_parts(&mut parts, &app).await {
        match is_unenrolled(&app, &actor).await {
            Ok(false) => {}
            Ok(true) => return ApiError::SecondFactorNeeded.into_response(),
            Err(error) => return error.into_response(),
        }
    }
    // Whoever is nobody is refused by the route itself.
    next.run(Request::from_parts(parts, body)).await
}

async fn is_unenrolled(app: &App, actor: &Actor) -> Result<bool, ApiError> {
    let mut tx = app.db.begin_as(actor.user).await?;
    match users::find(&mut tx, actor.user).await? {
        Some(user) => must_enrol(app, &mut tx, &user).await,
        None => Ok(false),
    }
}
