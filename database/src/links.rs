//! Public links: a document for whoever has one, without an account, until it ends.
//!
//! Promises: a link is opened as often as it may be and no more, however many come at once; whether it is good is asked of the
//! database's clock and of its maker's right at that moment; whoever acts for a link reads its document and nothing else. Only
//! hashes are stored. Refuses to change a link: it can only end.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, LinkFormat, LinkId, LinkSessionId, LinkState, UserId};
use uuid::Uuid;

use crate::{Error, Result, row::Row};

/// Days that a link which has ended stays in the list.
const REMEMBERED_DAYS: i32 = 30;

/// A link as those see it who may end it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which.
    pub id: LinkId,
    /// Who made it.
    pub made_by: UserId,
    /// Whether a password is asked for.
    pub has_password: bool,
    /// What it gives.
    pub formats: Vec<LinkFormat>,
    /// How often it may be opened; `None`: as often as one likes.
    pub max_uses: Option<u32>,
    /// How often it was.
    pub used: u32,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// When it ends at the latest.
    pub expires_at: OffsetDateTime,
    /// When it was ended.
    pub ended_at: Option<OffsetDateTime>,
    /// How it stands.
    pub state: LinkState,
}

/// A link that is to be.
#[derive(Clone, Copy)]
pub struct NewLink<'a> {
    /// Made by the caller.
    pub id: LinkId,
    /// Of what.
    pub document: DocumentId,
    /// The actor.
    pub made_by: UserId,
    /// SHA-256 of what stands in the link.
    pub token_hash: &'a [u8; 32],
    /// argon2id of the password, if there is one.
    pub password_hash: Option<&'a str>,
    /// What it gives.
    pub formats: &'a [LinkFormat],
    /// How often it may be opened; `None`: as often as one likes.
    pub max_uses: Option<u32>,
    /// When it ends at the latest.
    pub expires_at: OffsetDateTime,
}

/// A link that somebody tries to open.
#[derive(Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub id: LinkId,
    /// Of what.
    pub document: DocumentId,
    /// What the password is checked with; `None`: none is asked for.
    pub password_hash: Option<String>,
    /// Whether it may be opened, if the password is right.
    pub is_open: bool,
}

/// A session that began by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// What it gives.
    pub formats: Vec<LinkFormat>,
    /// When it ends at the latest.
    pub expires_at: OffsetDateTime,
}

/// Whether somebody has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// Who asks is.
    Attended,
    /// It goes on by itself, such as a download: the session may be over, the link may not.
    Unattended,
}

/// What somebody who came by a link may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// By which.
    pub link: LinkId,
    /// Of what.
    pub document: DocumentId,
    /// In which formats.
    pub formats: Vec<LinkFormat>,
    /// When the session ends at the latest.
    pub expires_at: OffsetDateTime,
}

/// Stores a link of the actor's, if the document has fewer than `max` that have neither ended nor run out; two at once may exceed
/// that by one. `false`: there are too many. Links that ended long ago are forgotten.
///
/// # Errors
/// [`Error::Refused`] when the actor may not manage the document, or it is in the trash.
pub async fn create(conn: &mut PgConnection, new: &NewLink<'_>, max: u32) -> Result<bool> {
    sqlx::query!(
        "delete from links
        where document_id = $1 and least(ended_at, expires_at) < clock_timestamp() - make_interval(days => $2)",
        new.document.as_uuid(),
        REMEMBERED_DAYS,
    )
    .execute(&mut *conn)
    .await?;
    let formats: Vec<_> = new.formats.iter().map(|format| format.as_str().to_owned()).collect();
    let stored = sqlx::query!(
        "insert into links
            (id, owner_id, document_id, made_by, token_hash, password_hash, formats, max_uses, expires_at)
        select $1, d.owner_id, d.id, $3, $4, $5, $6, $7, $8
        from documents d
        where d.id = $2 and (
            select count(*) from links where document_id = $2 and ended_at is null and expires_at > clock_timestamp()
        ) < $9",
        new.id.as_uuid(),
        new.document.as_uuid(),
        new.made_by.as_uuid(),
        new.token_hash,
        new.password_hash,
        &formats,
        new.max_uses.map(|uses| i32::try_from(uses).unwrap_or(i32::MAX)),
        new.expires_at,
        i64::from(max),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(stored == 1)
}

/// Lists the links of a document, the newest first: all of them to those who may end them, to others none.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, document: DocumentId) -> Result<Vec<Link>> {
    sqlx::query_as!(
        LinkRow,
        r#"select
            id as "id!",
            made_by as "made_by!",
            has_password as "has_password!",
            formats as "formats!",
            max_uses,
            used as "used!",
            created_at as "created_at!",
            expires_at as "expires_at!",
            ended_at,
            state as "state!"
        from list_links($1)"#,
        document.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Ends a link of this document at once; ending it twice is fine. `false`: there is none that the actor may end.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn end(conn: &mut PgConnection, document: DocumentId, id: LinkId) -> Result<bool> {
    let ended = sqlx::query!(
        "update links set ended_at = coalesce(ended_at, clock_timestamp()) where id = $1 and document_id = $2",
        id.as_uuid(),
        document.as_uuid(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(ended == 1)
}

/// Finds a link by the hash of what stands in it, before there is an actor, whether it may be opened or not. A password that is to
/// be checked counts as a wrong one until [`begin_session`]: commit it before the check.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn try_open(conn: &mut PgConnection, token_hash: &[u8; 32], with_password: bool) -> Result<Option<Tried>> {
    let row = sqlx::query!(
        r#"select id as "id!", document_id as "document_id!", password_hash, is_open as "is_open!"
        from try_link($1, $2)"#,
        token_hash,
        with_password,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Tried {
        id: row.id.into(),
        document: row.document_id.into(),
        password_hash: row.password_hash,
        is_open: row.is_open,
    }))
}

/// Takes back that a password counted as a wrong one: nobody could look whether it was.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn untry(conn: &mut PgConnection, link: LinkId) -> Result<()> {
    sqlx::query!("select untry_link($1)", link.as_uuid()).execute(conn).await?;
    Ok(())
}

/// Uses a link up by one, and begins a session of 15 minutes. `None`: it is over meanwhile.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn begin_session(
    conn: &mut PgConnection,
    link: LinkId,
    session: LinkSessionId,
    secret_hash: &[u8; 32],
) -> Result<Option<Begun>> {
    let row = sqlx::query!(
        r#"select formats as "formats!", expires_at as "expires_at!" from begin_link_session($1, $2, $3)"#,
        link.as_uuid(),
        session.as_uuid(),
        secret_hash,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Begun { formats: read_formats(&link.as_uuid(), &row.formats)?, expires_at: row.expires_at }))
}

/// Has the rest of the transaction act for the session with this secret: it reads the document of its link, and nothing else.
/// `None`: there is no such session, or its link is good no more; then the transaction is nobody's. All of it is one round trip.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn enter(conn: &mut PgConnection, secret_hash: &[u8; 32], attendance: Attendance) -> Result<Option<Entered>> {
    let row = sqlx::query!(
        r#"select
            link_id as "link_id!",
            document_id as "document_id!",
            formats as "formats!",
            expires_at as "expires_at!"
        from enter_link($1, $2)"#,
        secret_hash,
        attendance == Attendance::Unattended,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Entered {
        link: row.link_id.into(),
        document: row.document_id.into(),
        formats: read_formats(&row.link_id, &row.formats)?,
        expires_at: row.expires_at,
    }))
}

fn read_formats(id: &Uuid, words: &[String]) -> Result<Vec<LinkFormat>> {
    words.iter().map(|word| Row { table: "links", id }.word("formats", word)).collect()
}

struct LinkRow {
    id: Uuid,
    made_by: Uuid,
    has_password: bool,
    formats: Vec<String>,
    max_uses: Option<i32>,
    used: i32,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
    state: String,
}

impl TryFrom<LinkRow> for Link {
    type Error = Error;

    fn try_from(row: LinkRow) -> Result<Self> {
        let at = Row { table: "links", id: &row.id };
        Ok(Self {
            id: row.id.into(),
            made_by: row.made_by.into(),
            has_password: row.has_password,
            formats: read_formats(&row.id, &row.formats)?,
            max_uses: at.number_if_any("max_uses", row.max_uses)?,
            used: at.number("used", row.used)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            state: at.word("state", &row.state)?,
        })
    }
}

impl std::fmt::Debug for NewLink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewLink").field("id", &self.id).field("document", &self.document).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tried").field("id", &self.id).field("is_open", &self.is_open).finish_non_exhaustive()
    }
}
