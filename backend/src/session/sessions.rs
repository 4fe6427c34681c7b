//! Where a person is logged in, and how to end it.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::domain::SessionId;
use untxt_database::sessions;
use utoipa::ToSchema;

use super::{Actor, cookies};
use crate::{App, access::Subject, extract::Path, live::News, problem::ApiError};

#[derive(Serialize, ToSchema)]
pub(super) struct Sessions {
    /// The one that was used last comes first.
    sessions: Vec<Listed>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ListedSession)]
struct Listed {
    id: SessionId,
    /// Browser and system, if they are known.
    device: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// To half a minute.
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    is_current: bool,
}

/// Lists the person's sessions that live.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    responses((status = 200, description = "those that live", body = Sessions)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Sessions>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let found = sessions::list(&mut tx, actor.user, app.logins.idle).await?;
    tx.commit().await?;
    let sessions = found.into_iter().map(|found| Listed {
        id: found.id,
        device: found.device,
        created_at: found.created_at,
        last_used_at: found.last_used_at,
        is_current: Some(found.id) == actor.session(),
    });
    Ok(Json(Sessions { sessions: sessions.collect() }))
}

/// Ends one of them at once.
#[utoipa::path(delete, path = "/api/v1/sessions/{session}", responses((status = 204, description = "ended")))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<SessionId>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    if sessions::find_live(&mut tx, id, app.logins.idle).await?.is_none() {
        return Err(ApiError::SessionNotFound);
    }
    sessions::end(&mut tx, id).await?;
    tx.commit().await?;
    tell(&app, &actor, [id]);
    let ended = StatusCode::NO_CONTENT;
    Ok(if Some(id) == actor.session() { (cookies::clear(), ended).into_response() } else { ended.into_response() })
}

/// Ends all of them.
#[utoipa::path(delete, path = "/api/v1/sessions", responses((status = 204, description = "ended, this one too")))]
pub(super) async fn end_all(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let ended = sessions::end_all(&mut tx, actor.user, None).await?;
    tx.commit().await?;
    let subject = counted(&ended);
    tell(&app, &actor, ended);
    Ok((subject, cookies::clear(), StatusCode::NO_CONTENT).into_response())
}

/// Ends all but this one.
#[utoipa::path(post, path = "/api/v1/sessions/end-others", responses((status = 204, description = "ended")))]
pub(super) async fn end_others(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let ended = sessions::end_all(&mut tx, actor.user, actor.session()).await?;
    tx.commit().await?;
    let subject = counted(&ended);
    tell(&app, &actor, ended);
    Ok((subject, StatusCode::NO_CONTENT).into_response())
}

fn counted(ended: &[SessionId]) -> Subject {
    Subject { count: u64::try_from(ended.len()).ok(), ..Subject::default() }
}

/// Other processes are told by the database.
fn tell(app: &App, actor: &Actor, ended: impl IntoIterator<Item = SessionId>) {
    for session in ended {
        app.hub.publish(actor.user.as_owner(), News::SessionEnded(session));
    }
}
