use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use untxt_core::domain::{TeamId, UserId};
use untxt_database::{
    Error, PgConnection, shares,
    teams::{self, Member},
};
use utoipa::ToSchema;

use crate::{App, extract, problem::ApiError, session::Actor};

/// Members of one team.
const MAX_MEMBERS: usize = 1000;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewMember)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    login: String,
    #[serde(default)]
    is_manager: bool,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = MemberChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    is_manager: bool,
}

/// Takes somebody into the team; who is in it already stays, as said now.
#[utoipa::path(
    post,
    path = "/api/v1/teams/{team}/members",
    request_body = New,
    responses((status = 204, description = "there")),
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(team): extract::Path<TeamId>,
    extract::Json(new): extract::Json<New>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let members = list_as_manager(&mut tx, &actor, team).await?;
    let user = shares::find_person(&mut tx, &new.login).await?.ok_or(ApiError::PersonNotFound)?;
    if members.len() >= MAX_MEMBERS && members.iter().all(|member| member.user != user) {
        return Err(ApiError::TooManyMembers);
    }
    teams::put_member(&mut tx, team, user, new.is_manager).await.map_err(of_membership)?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a member a manager, or a manager a member.
#[utoipa::path(
    put,
    path = "/api/v1/teams/{team}/members/{user}",
    request_body = Change,
    responses((status = 204, description = "changed")),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path((team, user)): extract::Path<(TeamId, UserId)>,
    extract::Json(Change { is_manager }): extract::Json<Change>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let members = list_as_manager(&mut tx, &actor, team).await?;
    if members.iter().all(|member| member.user != user) {
        return Err(ApiError::MemberNotFound);
    }
    teams::put_member(&mut tx, team, user, is_manager).await.map_err(of_membership)?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of the team: a manager does, or that one. What was the team's stays with the team.
#[utoipa::path(
    delete,
    path = "/api/v1/teams/{team}/members/{user}",
    responses((status = 204, description = "gone")),
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path((team, user)): extract::Path<(TeamId, UserId)>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin(&app).await?;
    if user != actor.user {
        list_as_manager(&mut tx, &actor, team).await?;
    } else {
        teams::find(&mut tx, actor.user, team).await?.ok_or(ApiError::TeamNotFound)?;
    }
    if !teams::remove_member(&mut tx, team, user).await.map_err(of_membership)? {
        return Err(ApiError::MemberNotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_as_manager(conn: &mut PgConnection, actor: &Actor, team: TeamId) -> Result<Vec<Member>, ApiError> {
    let team = teams::find(conn, actor.user, team).await?.ok_or(ApiError::TeamNotFound)?;
    if team.is_manager { Ok(teams::list_members(conn, team.id).await?) } else { Err(ApiError::NotManager) }
}

fn of_membership(error: Error) -> ApiError {
    match error {
        Error::Conflict(constraint) if constraint == teams::MANAGER => ApiError::LastManager,
        other => other.into(),
    }
}
