//! Legal holds: what stays although its owner, a rule of a folder or the trash would let it go.
//!
//! Promises: what is there when a hold is set is not shredded before it is lifted, by nobody who works for UNTXT. Refuses to
//! know what a hold is for: its reference is a number of somebody's files.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, TeamId, UserId};
use uuid::Uuid;

use crate::{Error, Result};

/// The constraint that keeps what is held.
pub const HELD: &str = "documents_held";

/// What a hold keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A document.
    Document(DocumentId),
    /// All that a person owns.
    Person(UserId),
    /// All that a team owns.
    Team(TeamId),
}

/// A hold as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which.
    pub id: Uuid,
    /// What it keeps.
    pub held: Held,
    /// A case number.
    pub reference: String,
    /// Which administrator set it.
    pub set_by: UserId,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// Sets a hold by the actor, who must be an administrator; deletions that were let through before are waited for. `None`: there
/// is nothing of that kind with this id.
///
/// # Errors
/// [`crate::Error::Refused`] when the actor is no administrator.
pub async fn set(conn: &mut PgConnection, by: UserId, held: Held, reference: &str) -> Result<Option<Hold>> {
    let (document, user, team) = held.columns();
    let row = sqlx::query_as!(
        HoldRow,
        "insert into legal_holds (id, document_id, user_id, team_id, reference, set_by)
        values ($1, $2, $3, $4, $5, $6)
        returning id, document_id, user_id, team_id, reference, set_by, created_at",
        Uuid::now_v7(),
        document,
        user,
        team,
        reference,
        by.as_uuid(),
    )
    .fetch_one(conn)
    .await;
    match row.map_err(Error::from) {
        Ok(row) => Ok(Some(row.try_into()?)),
        Err(Error::Conflict(constraint)) if constraint.ends_with("_id_fkey") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lists holds, newest first, at most `max_rows`, those behind one of them, for an actor who is an administrator.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, before: Option<Uuid>, max_rows: u32) -> Result<Vec<Hold>> {
    sqlx::query_as!(
        HoldRow,
        "select id, document_id, user_id, team_id, reference, set_by, created_at
        from legal_holds
        where $1::uuid is null or id < $1
        order by id desc
        limit $2",
        before,
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Lifts a hold, and gives what it kept; `None`: there is none, or the actor is no administrator.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn lift(conn: &mut PgConnection, id: Uuid) -> Result<Option<Held>> {
    let row = sqlx::query_as!(
        HoldRow,
        "delete from legal_holds
        where id = $1
        returning id, document_id, user_id, team_id, reference, set_by, created_at",
        id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Hold::try_from).transpose()?.map(|hold| hold.held))
}

/// Says whether a hold keeps a document of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn keeps(conn: &mut PgConnection, id: DocumentId) -> Result<bool> {
    let is_held = sqlx::query_scalar!(
        r#"select exists (select from documents where id = $1 and is_held(id, owner_id)) as "is_held!""#,
        id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(is_held)
}

impl Held {
    fn columns(self) -> (Option<Uuid>, Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Document(id) => (Some(id.as_uuid()), None, None),
            Self::Person(id) => (None, Some(id.as_uuid()), None),
            Self::Team(id) => (None, None, Some(id.as_uuid())),
        }
    }
}

struct HoldRow {
    id: Uuid,
    document_id: Option<Uuid>,
    user_id: Option<Uuid>,
    team_id: Option<Uuid>,
    reference: String,
    set_by: Uuid,
    created_at: OffsetDateTime,
}

impl TryFrom<HoldRow> for Hold {
    type Error = Error;

    fn try_from(row: HoldRow) -> Result<Self> {
        let held = match (row.document_id, row.user_id, row.team_id) {
            (Some(id), None, None) => Held::Document(id.into()),
            (None, Some(id), None) => Held::Person(id.into()),
            (None, None, Some(id)) => Held::Team(id.into()),
            _ => return Err(Error::Corrupt { table: "legal_holds", column: "document_id", id: row.id.to_string() }),
        };
        let HoldRow { id, reference, created_at, .. } = row;
        Ok(Self { id, held, reference, set_by: row.set_by.into(), created_at })
    }
}
