use std::sync::Arc;

use axum::{Json, extract::State};
use untxt_database::{sessions, users};

use super::{Actor, SessionAnswer, begin::must_enrol};
use crate::{App, problem::ApiError};

/// Says who is logged in.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    responses((status = 200, description = "who is logged in", body = SessionAnswer)),
)]
pub(super) async fn show(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<SessionAnswer>, ApiError> {
    let id = actor.session().ok_or(ApiError::NotLoggedIn)?;
    let mut tx = actor.begin(&app).await?;
    let session = sessions::find_live(&mut tx, id, app.logins.idle).await?;
    let user = users::find(&mut tx, actor.user).await?;
    let (Some(session), Some(user)) = (session, user) else { return Err(ApiError::NotLoggedIn) };
    let must_enrol = must_enrol(&app, &mut tx, &user).await?;
    tx.commit().await?;
    Ok(Json(SessionAnswer::new(user, &session, must_enrol)))
}
