//! Access in an emergency: somebody reads what nobody shared with them, for some minutes, with a reason.
//!
//! Promises: whether one runs is asked of the database's clock, and of its maker's role, at each question; it gives reading and
//! nothing else; what was read by it is noted, also when it ends in that moment. Refuses to know the reason, which is sealed.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, EmergencyId, OwnerId, Role, TaskId, TeamId, UserId};
use uuid::Uuid;

use crate::Result;

/// What is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A document.
    Document(DocumentId),
    /// All that a person owns.
    Person(UserId),
    /// All that a team owns.
    Team(TeamId),
}

/// What was read of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// A document.
    Document(DocumentId),
    /// One of its runs.
    Task(TaskId),
}

/// An access that is to be.
#[derive(Clone, Copy)]
pub struct NewEmergency<'a> {
    /// Made by the caller.
    pub id: EmergencyId,
    /// What is to be read.
    pub wanted: Wanted,
    /// For how long.
    pub minutes: u32,
    /// A case number, if there is one.
    pub reference: Option<&'a str>,
    /// Sealed by the label key of the actor.
    pub reason_sealed: &'a [u8],
}

/// An access that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Whose documents.
    pub owner: OwnerId,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// When it ends at the latest.
    pub ends_at: OffsetDateTime,
}

/// What an access was for, after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose documents.
    pub owner: OwnerId,
    /// Which; `None`: all of them.
    pub document: Option<DocumentId>,
}

/// An access as those see it who made it, whose documents it opened, or who read the record.
#[derive(Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Which.
    pub id: EmergencyId,
    /// Who took it.
    pub made_by: UserId,
    /// Their login.
    pub made_by_name: Option<String>,
    /// Whose documents.
    pub owner: OwnerId,
    /// The login of a person, or the name of a team.
    pub owner_name: Option<String>,
    /// Which; `None`: all of them.
    pub document: Option<DocumentId>,
    /// A case number, if there is one.
    pub reference: Option<String>,
    /// Sealed by the label key of whoever made it.
    pub reason_sealed: Vec<u8>,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// When it ends at the latest.
    pub ends_at: OffsetDateTime,
    /// When it was ended before.
    pub ended_at: Option<OffsetDateTime>,
    /// By whom; `None`: by nobody, or because its maker lost the role.
    pub ended_by: Option<UserId>,
    /// Whether it runs now.
    pub is_running: bool,
    /// How many documents were read by it.
    pub documents_read: u64,
    /// When something was last read by it.
    pub last_read_at: Option<OffsetDateTime>,
}

/// Lets the rest of the transaction read by what the actor took in an emergency, if they have one of these roles.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn allow(conn: &mut PgConnection, roles: &[Role]) -> Result<()> {
    let roles: Vec<_> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    sqlx::query!(
        "select set_config('untxt.emergency', 'on', true)
        from users
        where id = current_actor() and role = any($1)",
        &roles,
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Begins an access of the actor; see [`allow`]. `None`: they may not, or there is nothing of that kind that is somebody else's
/// and not in the trash.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin(conn: &mut PgConnection, new: &NewEmergency<'_>) -> Result<Option<Begun>> {
    let (document, person, team) = match new.wanted {
        Wanted::Document(id) => (Some(id.as_uuid()), None, None),
        Wanted::Person(id) => (None, Some(id.as_uuid()), None),
        Wanted::Team(id) => (None, None, Some(id.as_uuid())),
    };
    let row = sqlx::query!(
        r#"select owner_id as "owner_id!", created_at as "created_at!", ends_at as "ends_at!"
        from begin_emergency($1, $2, $3, $4, $5, $6, $7)"#,
        new.id.as_uuid(),
        document,
        person,
        team,
        i32::try_from(new.minutes).unwrap_or(i32::MAX),
        new.reference,
        new.reason_sealed,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Begun { owner: row.owner_id.into(), created_at: row.created_at, ends_at: row.ends_at }))
}

/// Ends an access at once; ending it twice is fine. `None`: there is none that the actor may end.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn end(conn: &mut PgConnection, id: EmergencyId) -> Result<Option<Ended>> {
    let row = sqlx::query!(r#"select owner_id as "owner_id!", document_id from end_emergency($1)"#, id.as_uuid(),)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| Ended { owner: row.owner_id.into(), document: row.document_id.map(DocumentId::from) }))
}

/// Lists accesses that the actor may see, newest first, at most `max_rows`, those behind one of them; `of_document`: those by which
/// this document was or can be read.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    of_document: Option<DocumentId>,
    before: Option<EmergencyId>,
    max_rows: u32,
) -> Result<Vec<Emergency>> {
    let rows = sqlx::query_as!(
        EmergencyRow,
        r#"select
            e.id,
            e.made_by,
            (select name from list_names(array[e.made_by])) as made_by_name,
            e.owner_id,
            (select name from list_names(array[e.owner_id])) as owner_name,
            e.document_id,
            e.reference,
            e.reason_sealed,
            e.created_at,
            e.ends_at,
            e.ended_at,
            e.ended_by,
            e.ended_at is null and e.ends_at > clock_timestamp() as "is_running!",
            (select count(*) from emergency_reads r where r.access_id = e.id) as "documents_read!",
            (select max(r.last_at) from emergency_reads r where r.access_id = e.id) as last_read_at
        from emergency_accesses e
        where ($1::uuid is null or e.id < $1)
            and (
                $2::uuid is null
                or e.document_id = $2
                or exists (select from emergency_reads r where r.access_id = e.id and r.document_id = $2)
            )
        order by e.id desc
        limit $3"#,
        before.map(EmergencyId::as_uuid),
        of_document.map(DocumentId::as_uuid),
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Emergency::from).collect())
}

/// Lists the addresses of those who are told of an access of the actor: whose documents they are, and administrators.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_addresses(conn: &mut PgConnection, id: EmergencyId) -> Result<Vec<String>> {
    let addresses =
        sqlx::query_scalar!(r#"select mail as "mail!" from list_emergency_addresses($1) as mail"#, id.as_uuid())
            .fetch_all(conn)
            .await?;
    Ok(addresses)
}

/// Finds the access by which the actor reads all of this owner now.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_running(conn: &mut PgConnection, owner: OwnerId) -> Result<Option<EmergencyId>> {
    let id = sqlx::query_scalar!(
        r#"select id as "id!" from running_emergencies($1) where document_id is null order by id desc limit 1"#,
        owner.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(EmergencyId::from))
}

/// Notes that the actor read something within this time, and gives by which access; `None`: by none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn note_read(conn: &mut PgConnection, read: Read, within: Duration) -> Result<Option<EmergencyId>> {
    let (object, is_task) = match read {
        Read::Document(id) => (id.as_uuid(), false),
        Read::Task(id) => (id.as_uuid(), true),
    };
    let id = sqlx::query_scalar!("select note_emergency_read($1, $2, $3)", object, is_task, within.as_secs_f64())
        .fetch_one(conn)
        .await?;
    Ok(id.map(EmergencyId::from))
}

struct EmergencyRow {
    id: Uuid,
    made_by: Uuid,
    made_by_name: Option<String>,
    owner_id: Uuid,
    owner_name: Option<String>,
    document_id: Option<Uuid>,
    reference: Option<String>,
    reason_sealed: Vec<u8>,
    created_at: OffsetDateTime,
    ends_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
    ended_by: Option<Uuid>,
    is_running: bool,
    documents_read: i64,
    last_read_at: Option<OffsetDateTime>,
}

impl From<EmergencyRow> for Emergency {
    fn from(row: EmergencyRow) -> Self {
        Self {
            id: row.id.into(),
            made_by: row.made_by.into(),
            made_by_name: row.made_by_name,
            owner: row.owner_id.into(),
            owner_name: row.owner_name,
            document: row.document_id.map(DocumentId::from),
            reference: row.reference,
            reason_sealed: row.reason_sealed,
            created_at: row.created_at,
            ends_at: row.ends_at,
            ended_at: row.ended_at,
            ended_by: row.ended_by.map(UserId::from),
            is_running: row.is_running,
            documents_read: u64::try_from(row.documents_read).unwrap_or_default(),
            last_read_at: row.last_read_at,
        }
    }
}

impl std::fmt::Debug for NewEmergency<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewEmergency").field("id", &self.id).field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Emergency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emergency").field("id", &self.id).field("made_by", &self.made_by).finish_non_exhaustive()
    }
}
