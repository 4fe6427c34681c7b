use std::sync::Arc;

use axum::{Json, extract::State};
use untxt_database::{sessions, users};

use super::{Actor, SessionAnswer};
use crate::{App, problem::ApiError};

/// Says who is logged in.
pub(super) async fn show(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<SessionAnswer>, ApiError> {
    let id = actor.session().ok_or(ApiError::NotLoggedIn)?;
    let mut tx = actor.begin(&app).await?;
    let session = sessions::find_live(&mut tx, id, app.logins.idle).await?;
    let user = users::find(&mut tx, actor.user).await?;
    tx.commit().await?;
    let (Some(session), Some(user)) = (session, user) else { return Err(ApiError::NotLoggedIn) };
    Ok(Json(SessionAnswer::new(user, &session)))
}
