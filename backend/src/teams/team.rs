use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::domain::{LabelName, TeamId, UserId};
use untxt_database::{Error, teams};
use utoipa::ToSchema;

use crate::{App, extract, labels, problem::ApiError, session::Actor};

/// Teams that one person may be in when making another one.
const MAX_TEAMS: usize = 50;

/// Letters of a team's name.
const MAX_NAME: usize = 100;

/// A team as its members see it.
#[derive(Serialize, ToSchema)]
pub(super) struct Team {
    id: TeamId,
    name: String,
    /// The person says who belongs to it.
    is_manager: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Teams {
    teams: Vec<Team>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TeamWithMembers {
    id: TeamId,
    name: String,
    is_manager: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    members: Vec<Member>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TeamMember)]
struct Member {
    id: UserId,
    login: String,
    is_manager: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewTeam)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
}

impl From<teams::Team> for Team {
    fn from(team: teams::Team) -> Self {
        Self { id: team.id, name: team.name, is_manager: team.is_manager, created_at: team.created_at }
    }
}

/// Lists the teams that the person belongs to.
#[utoipa::path(
    get,
    path = "/api/v1/teams",
    responses((status = 200, description = "all of them", body = Teams)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Teams>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let teams = teams::list(&mut tx, actor.user).await?;
    tx.commit().await?;
    Ok(Json(Teams { teams: teams.into_iter().map(Team::from).collect() }))
}

/// Makes a team that the person manages: 201.
#[utoipa::path(
    post,
    path = "/api/v1/teams",
    request_body = New,
    responses((status = 201, description = "made", body = Team)),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(New { name }): extract::Json<New>,
) -> Result<(StatusCode, Json<Team>), ApiError> {
    let name = check_name(&name)?;
    let id = TeamId::generate();
    let mut tx = actor.begin(&app).await?;
    if teams::list(&mut tx, actor.user).await?.len() >= MAX_TEAMS {
        return Err(ApiError::TooManyTeams);
    }
    teams::create(&mut tx, id, name.as_str(), actor.user).await.map_err(|error| match error {
        Error::Conflict(constraint) if constraint == teams::NAME => ApiError::NameTaken,
        other => other.into(),
    })?;
    let team = teams::find(&mut tx, actor.user, id).await?.ok_or(ApiError::TeamNotFound)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(team.into())))
}

/// Gives a team of the person with all who belong to it.
#[utoipa::path(
    get,
    path = "/api/v1/teams/{team}",
    responses((status = 200, description = "with its members", body = TeamWithMembers)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<TeamId>,
) -> Result<Json<TeamWithMembers>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let team = teams::find(&mut tx, actor.user, id).await?.ok_or(ApiError::TeamNotFound)?;
    let members = teams::list_members(&mut tx, id).await?;
    tx.commit().await?;
    let member = |member: teams::Member| Member {
        id: member.user,
        login: member.login,
        is_manager: member.is_manager,
        created_at: member.created_at,
    };
    let teams::Team { id, name, is_manager, created_at, .. } = team;
    Ok(Json(TeamWithMembers { id, name, is_manager, created_at, members: members.into_iter().map(member).collect() }))
}

/// Takes a name as somebody gave it: it is shown to others, so it is one that could be a folder's.
fn check_name(name: &str) -> Result<LabelName, ApiError> {
    let name = labels::check_name(name)?;
    if name.as_str().chars().count() <= MAX_NAME { Ok(name) } else { Err(ApiError::InvalidName) }
}
