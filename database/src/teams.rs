//! Teams: persons who own documents together, and with whom others share as with one.
//!
//! Promises: only who is of a team sees it, only a manager says who is, and a team that has members has a manager. Refuses to
//! list teams to others.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{TeamId, UserId};

use crate::Result;

/// The constraint that refuses a name that another team has.
pub const NAME: &str = "teams_name_key";

/// The constraint that refuses to leave a team without a manager.
pub const MANAGER: &str = "team_members_manager";

/// A team of the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Which.
    pub id: TeamId,
    /// What everybody calls it.
    pub name: String,
    /// The actor says who belongs to it.
    pub is_manager: bool,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Who is of a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// The name to log in with.
    pub login: String,
    /// Says who belongs to the team.
    pub is_manager: bool,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// Makes a team, of which the actor is the manager.
///
/// # Errors
/// [`crate::Error::Conflict`] with [`NAME`].
pub async fn create(conn: &mut PgConnection, id: TeamId, name: &str, by: UserId) -> Result<()> {
    sqlx::query!("insert into teams (id, name, created_by) values ($1, $2, $3)", id.as_uuid(), name, by.as_uuid(),)
        .execute(conn)
        .await?;
    Ok(())
}

/// Lists the teams of the actor, by their names.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Team>> {
    let rows = sqlx::query!(
        "select t.id, t.name, m.is_manager, t.created_at
        from team_members m
        join teams t on t.id = m.team_id
        where m.user_id = $1
        order by t.name",
        user.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let team = rows.into_iter().map(|row| Team {
        id: row.id.into(),
        name: row.name,
        is_manager: row.is_manager,
        created_at: row.created_at,
    });
    Ok(team.collect())
}

/// Finds a team of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, user: UserId, id: TeamId) -> Result<Option<Team>> {
    let row = sqlx::query!(
        "select t.id, t.name, m.is_manager, t.created_at
        from team_members m
        join teams t on t.id = m.team_id
        where m.user_id = $1 and t.id = $2",
        user.as_uuid(),
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Team {
        id: row.id.into(),
        name: row.name,
        is_manager: row.is_manager,
        created_at: row.created_at,
    }))
}

/// Finds any team by its whole name, to share something with it.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_by_name(conn: &mut PgConnection, name: &str) -> Result<Option<TeamId>> {
    Ok(sqlx::query_scalar!("select find_team($1)", name).fetch_one(conn).await?.map(TeamId::from))
}

/// Lists who is of a team of the actor, by their logins.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_members(conn: &mut PgConnection, id: TeamId) -> Result<Vec<Member>> {
    let rows = sqlx::query!(
        r#"select m.user_id, n.name as "name?", m.is_manager, m.created_at
        from team_members m
        left join lateral list_names(array[m.user_id]) n on true
        where m.team_id = $1
        order by n.name"#,
        id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let members = rows.into_iter().map(|row| Member {
        user: row.user_id.into(),
        login: row.name.unwrap_or_default(),
        is_manager: row.is_manager,
        created_at: row.created_at,
    });
    Ok(members.collect())
}

/// Adds somebody to a team that the actor manages, or says anew whether that one manages it.
///
/// # Errors
/// [`crate::Error::Conflict`] with [`MANAGER`]; [`crate::Error::Refused`] when the actor doesn't manage it.
pub async fn put_member(conn: &mut PgConnection, id: TeamId, user: UserId, is_manager: bool) -> Result<()> {
    sqlx::query!(
        "insert into team_members (team_id, user_id, is_manager)
        values ($1, $2, $3)
        on conflict (team_id, user_id) do update set is_manager = excluded.is_manager",
        id.as_uuid(),
        user.as_uuid(),
        is_manager,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes somebody out of a team: by a manager, or by that one; `false`: nobody was taken out.
///
/// # Errors
/// [`crate::Error::Conflict`] with [`MANAGER`].
pub async fn remove_member(conn: &mut PgConnection, id: TeamId, user: UserId) -> Result<bool> {
    let removed =
        sqlx::query!("delete from team_members where team_id = $1 and user_id = $2", id.as_uuid(), user.as_uuid(),)
            .execute(conn)
            .await?
            .rows_affected();
    Ok(removed == 1)
}
