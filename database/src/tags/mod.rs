//! Tags of an owner, with sealed names. A document may have several.
//!
//! Promises: nobody finds or names a tag of another owner. Refuses to know names: whoever changes something compares them,
//! under the lock of [`crate::labels`].

mod write;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Colour, OwnerId, TagId};
use uuid::Uuid;

pub use write::{delete, insert, update};

use crate::{Error, Result, row::Row};

/// A tag as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Which.
    pub id: TagId,
    /// Sealed `LabelName`.
    pub name_sealed: Vec<u8>,
    /// How it is shown.
    pub colour: Colour,
    /// How many documents have it.
    pub documents: u64,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Finds a tag of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, id: TagId) -> Result<Option<Tag>> {
    sqlx::query_as!(
        TagRow,
        r#"select
            t.id,
            t.name_sealed,
            t.colour,
            t.created_at,
            (select count(*) from document_tags dt join documents d on d.id = dt.document_id
                where dt.tag_id = t.id and d.trashed_at is null) as "documents!"
        from tags t
        where t.id = $1"#,
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Says how many of these tags, each named once, the actor has.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_known(conn: &mut PgConnection, ids: &[TagId]) -> Result<usize> {
    let wanted: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from tags where id = any($1)"#, &wanted)
        .fetch_one(conn)
        .await?;
    Row { table: "tags", id: &"all" }.number("count", count)
}

/// Lists all tags of the actor, oldest first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, owner: OwnerId) -> Result<Vec<Tag>> {
    sqlx::query_as!(
        TagRow,
        r#"select
            t.id,
            t.name_sealed,
            t.colour,
            t.created_at,
            coalesce(c.documents, 0) as "documents!"
        from tags t
        left join (
            select dt.tag_id, count(*) as documents
            from document_tags dt
            join documents d on d.id = dt.document_id
            where dt.owner_id = $1 and d.trashed_at is null
            group by dt.tag_id
        ) c on c.tag_id = t.id
        where t.owner_id = $1
        order by t.id"#,
        owner.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

struct TagRow {
    id: Uuid,
    name_sealed: Vec<u8>,
    colour: String,
    created_at: OffsetDateTime,
    documents: i64,
}

impl TryFrom<TagRow> for Tag {
    type Error = Error;

    fn try_from(row: TagRow) -> Result<Self> {
        let at = Row { table: "tags", id: &row.id };
        Ok(Self {
            id: row.id.into(),
            colour: at.word("colour", &row.colour)?,
            documents: at.number("documents", row.documents)?,
            created_at: row.created_at,
            name_sealed: row.name_sealed,
        })
    }
}
