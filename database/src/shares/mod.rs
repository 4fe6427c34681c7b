//! Who may do what with documents and folders of others.
//!
//! Promises: what a person may do is answered by the database alone, with the shares that hold at that moment; a share that
//! was passed on gives no more, and lasts no longer, than the one that let it be passed on. Refuses to change a share: another
//! one takes its place, and what hung on the old one ends.

mod give;
mod reach;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, FolderId, OwnerId, Right, ShareId, TeamId, UserId};
use uuid::Uuid;

pub use give::{NewShare, give, take_back};
pub use reach::{SharedFolder, list_folders, list_for_search, list_readers, list_sharees, right_on, right_on_folder};

use crate::{Error, Result, row::Row};

/// The constraint that refuses a share by somebody who may not give it.
pub const RIGHT: &str = "shares_right";

/// What is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// A document.
    Document(DocumentId),
    /// A folder, with everything that lies in it, also later.
    Folder(FolderId),
}

/// With whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// A person.
    User(UserId),
    /// Everybody who is in a team then.
    Team(TeamId),
}

/// A share as those see it who may change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which.
    pub id: ShareId,
    /// With whom.
    pub grantee: Grantee,
    /// The login, or the name of the team.
    pub name: String,
    /// What they may do.
    pub right: Right,
    /// Who gave it.
    pub granted_by: UserId,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// When it ends.
    pub ends_at: Option<OffsetDateTime>,
    /// Until when it is as if it were not there.
    pub paused_until: Option<OffsetDateTime>,
}

impl Object {
    fn columns(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Document(id) => (Some(id.as_uuid()), None),
            Self::Folder(id) => (None, Some(id.as_uuid())),
        }
    }
}

impl Grantee {
    fn columns(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::User(id) => (Some(id.as_uuid()), None),
            Self::Team(id) => (None, Some(id.as_uuid())),
        }
    }
}

/// Gives a right as Postgres stores it.
const fn rank(right: Right) -> i32 {
    match right {
        Right::Read => 1,
        Right::Correct => 2,
        Right::Manage => 3,
    }
}

/// Reads a right; 0 is none.
pub(crate) fn right(at: Row<'_>, rank: i32) -> Result<Option<Right>> {
    match rank {
        0 => Ok(None),
        1 => Ok(Some(Right::Read)),
        2 => Ok(Some(Right::Correct)),
        3 => Ok(Some(Right::Manage)),
        _ => Err(at.corrupt("rank")),
    }
}

/// Lists the shares of a document or folder, the oldest first: all of them to those who may change them.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, object: Object) -> Result<Vec<Share>> {
    let (document, folder) = object.columns();
    sqlx::query_as!(
        ShareRow,
        r#"select
            s.id,
            s.user_id,
            s.team_id,
            n.name as "name?",
            s.rank,
            s.granted_by,
            s.created_at,
            s.ends_at,
            s.paused_until
        from shares s
        left join lateral list_names(array[coalesce(s.user_id, s.team_id)]) n on true
        where s.document_id = $1 or s.folder_id = $2
        order by s.created_at, s.id"#,
        document,
        folder,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Finds whose names these ids are: logins of persons, names of teams. Unknown ones are left out.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_names(conn: &mut PgConnection, owners: &[OwnerId]) -> Result<Vec<(OwnerId, String)>> {
    let ids: Vec<_> = owners.iter().map(|owner| owner.as_uuid()).collect();
    let rows = sqlx::query!(r#"select id as "id!", name as "name!" from list_names($1)"#, &ids).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.name)).collect())
}

/// Finds the person who has this login.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_person(conn: &mut PgConnection, login: &str) -> Result<Option<UserId>> {
    Ok(sqlx::query_scalar!("select find_person($1)", login).fetch_one(conn).await?.map(UserId::from))
}

struct ShareRow {
    id: Uuid,
    user_id: Option<Uuid>,
    team_id: Option<Uuid>,
    name: Option<String>,
    rank: i32,
    granted_by: Uuid,
    created_at: OffsetDateTime,
    ends_at: Option<OffsetDateTime>,
    paused_until: Option<OffsetDateTime>,
}

impl TryFrom<ShareRow> for Share {
    type Error = Error;

    fn try_from(row: ShareRow) -> Result<Self> {
        let at = Row { table: "shares", id: &row.id };
        let grantee = match (row.user_id, row.team_id) {
            (Some(user), None) => Grantee::User(user.into()),
            (None, Some(team)) => Grantee::Team(team.into()),
            _ => return Err(at.corrupt("user_id")),
        };
        Ok(Self {
            id: row.id.into(),
            grantee,
            name: row.name.unwrap_or_default(),
            right: right(at, row.rank)?.ok_or_else(|| at.corrupt("rank"))?,
            granted_by: row.granted_by.into(),
            created_at: row.created_at,
            ends_at: row.ends_at,
            paused_until: row.paused_until,
        })
    }
}
