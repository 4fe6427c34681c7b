//! Folders of an owner: a tree of sealed names, each with a rule of how long what is in it stays.
//!
//! Promises: nobody finds or names a folder of another owner, and what is in a folder that is deleted goes to its parent.
//! Refuses to know names: whoever changes something compares them, under the lock of [`crate::labels`].

mod place;
mod write;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Colour, FolderId, OwnerId, Retention};
use uuid::Uuid;

pub use place::{MAX_DEPTH, Place, list_with_subfolders, place};
pub use write::{delete, find_keep_days, find_keep_until, insert, update};

use crate::{Error, Result, row::Row};

/// A folder as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Which.
    pub id: FolderId,
    /// The folder that it is in; `None`: in none.
    pub parent: Option<FolderId>,
    /// Sealed `LabelName`.
    pub name_sealed: Vec<u8>,
    /// How it is shown.
    pub colour: Colour,
    /// Its own rule.
    pub retention: Retention,
    /// How many documents are in it, not counting those in folders in it.
    pub documents: u64,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// What is stored of a folder that is made or changed.
#[derive(Clone, Copy, Debug)]
pub struct FolderContent<'a> {
    /// The folder that it is in.
    pub parent: Option<FolderId>,
    /// Sealed `LabelName`.
    pub name_sealed: &'a [u8],
    /// How it is shown.
    pub colour: Colour,
    /// Its own rule; it must be valid.
    pub retention: Retention,
}

/// Finds a folder of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, id: FolderId) -> Result<Option<Folder>> {
    sqlx::query_as!(
        FolderRow,
        r#"select
            f.id,
            f.parent_id,
            f.name_sealed,
            f.colour,
            f.keep_days,
            f.delete_days,
            f.created_at,
            (select count(*) from documents d where d.owner_id = f.owner_id and d.folder_id = f.id
                and d.trashed_at is null) as "documents!"
        from folders f
        where f.id = $1"#,
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Says whether the actor has this folder.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn exists(conn: &mut PgConnection, id: FolderId) -> Result<bool> {
    let exists = sqlx::query_scalar!(r#"select exists (select from folders where id = $1) as "exists!""#, id.as_uuid())
        .fetch_one(conn)
        .await?;
    Ok(exists)
}

/// Lists all folders of the actor, parents before what is in them.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, owner: OwnerId) -> Result<Vec<Folder>> {
    sqlx::query_as!(
        FolderRow,
        r#"with recursive tree as (
            select id, 1 as depth from folders where owner_id = $1 and parent_id is null
            union all
            select f.id, t.depth + 1
            from tree t
            join folders f on f.owner_id = $1 and f.parent_id = t.id
            where t.depth <= $2
        ),
        counts as (
            select folder_id, count(*) as documents
            from documents
            where owner_id = $1 and folder_id is not null and trashed_at is null
            group by folder_id
        )
        select
            f.id,
            f.parent_id,
            f.name_sealed,
            f.colour,
            f.keep_days,
            f.delete_days,
            f.created_at,
            coalesce(c.documents, 0) as "documents!"
        from tree t
        join folders f on f.id = t.id
        left join counts c on c.folder_id = f.id
        order by t.depth, f.id"#,
        owner.as_uuid(),
        MAX_DEPTH,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Counts the folders of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count(conn: &mut PgConnection, owner: OwnerId) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from folders where owner_id = $1"#, owner.as_uuid())
        .fetch_one(conn)
        .await?;
    Row { table: "folders", id: &owner }.number("count", count)
}

/// Lists sealed names of the actor's folders that are in one, or in none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_names(
    conn: &mut PgConnection,
    owner: OwnerId,
    parent: Option<FolderId>,
) -> Result<Vec<(FolderId, Vec<u8>)>> {
    let rows = sqlx::query!(
        "select id, name_sealed from folders where owner_id = $1 and parent_id is not distinct from $2",
        owner.as_uuid(),
        parent.map(FolderId::as_uuid),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.name_sealed)).collect())
}

struct FolderRow {
    id: Uuid,
    parent_id: Option<Uuid>,
    name_sealed: Vec<u8>,
    colour: String,
    keep_days: Option<i32>,
    delete_days: Option<i32>,
    created_at: OffsetDateTime,
    documents: i64,
}

impl TryFrom<FolderRow> for Folder {
    type Error = Error;

    fn try_from(row: FolderRow) -> Result<Self> {
        let at = Row { table: "folders", id: &row.id };
        Ok(Self {
            id: row.id.into(),
            parent: row.parent_id.map(FolderId::from),
            colour: at.word("colour", &row.colour)?,
            retention: Retention {
                keep_days: at.number_if_any("keep_days", row.keep_days)?,
                delete_days: at.number_if_any("delete_days", row.delete_days)?,
            },
            documents: at.number("documents", row.documents)?,
            created_at: row.created_at,
            name_sealed: row.name_sealed,
        })
    }
}
