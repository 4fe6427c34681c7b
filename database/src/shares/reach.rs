use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Colour, DocumentId, FolderId, OwnerId, Right, UserId};

use super::right;
use crate::{Result, row::Row};

/// A folder that is shared with the actor, or lies in one that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFolder {
    /// Which.
    pub id: FolderId,
    /// Whose.
    pub owner: OwnerId,
    /// The folder that it lies in, if that is shared too.
    pub parent: Option<FolderId>,
    /// Sealed `LabelName`.
    pub name_sealed: Vec<u8>,
    /// How it is shown.
    pub colour: Colour,
    /// What the actor may do with what lies in it.
    pub right: Right,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Says what the actor may do with a document; `None`: not even see it.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn right_on(conn: &mut PgConnection, document: DocumentId) -> Result<Option<Right>> {
    let rank = sqlx::query_scalar!(r#"select right_on($1) as "rank!""#, document.as_uuid()).fetch_one(conn).await?;
    right(Row { table: "shares", id: &document }, rank)
}

/// Says what the actor may do with a folder and what lies in it; `None`: not even see it.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn right_on_folder(conn: &mut PgConnection, folder: FolderId) -> Result<Option<Right>> {
    let rank =
        sqlx::query_scalar!(r#"select right_on_folder($1) as "rank!""#, folder.as_uuid()).fetch_one(conn).await?;
    right(Row { table: "shares", id: &folder }, rank)
}

/// Lists the folders of others that are shared with the actor, with those in them.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_folders(conn: &mut PgConnection) -> Result<Vec<SharedFolder>> {
    let rows = sqlx::query!(
        r#"select
            id as "id!",
            owner_id as "owner_id!",
            parent_id,
            name_sealed as "name_sealed!",
            colour as "colour!",
            rank as "rank!",
            created_at as "created_at!"
        from list_shared_folders()
        order by id"#,
    )
    .fetch_all(conn)
    .await?;
    let mut folders = Vec::with_capacity(rows.len());
    for row in rows {
        let at = Row { table: "folders", id: &row.id };
        folders.push(SharedFolder {
            id: row.id.into(),
            owner: row.owner_id.into(),
            parent: row.parent_id.map(FolderId::from),
            name_sealed: row.name_sealed,
            colour: at.word("colour", &row.colour)?,
            right: right(at, row.rank)?.ok_or_else(|| at.corrupt("rank"))?,
            created_at: row.created_at,
        });
    }
    Ok(folders)
}

/// Lists documents that others share with the actor, with whose they are, the newest first, at most `limit`: those in which a
/// search looks. `folder` confines it to one that is shared, and those in it.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_for_search(
    conn: &mut PgConnection,
    folder: Option<FolderId>,
    limit: u32,
) -> Result<Vec<(OwnerId, DocumentId)>> {
    let rows = sqlx::query!(
        r#"select owner_id as "owner_id!", document_id as "document_id!" from list_shared_for_search($1, $2)"#,
        folder.map(FolderId::as_uuid),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.owner_id.into(), row.document_id.into())).collect())
}

/// Lists who may read a document now, its owner among them. The actor must be its owner.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_readers(conn: &mut PgConnection, document: DocumentId) -> Result<Vec<UserId>> {
    let readers = sqlx::query_scalar!(r#"select id as "id!" from list_readers($1) as id"#, document.as_uuid())
        .fetch_all(conn)
        .await?;
    Ok(readers.into_iter().map(UserId::from).collect())
}

/// Lists with whom an owner shares something, or who is of this team. The actor must be the owner.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_sharees(conn: &mut PgConnection, owner: OwnerId) -> Result<Vec<UserId>> {
    let sharees = sqlx::query_scalar!(r#"select id as "id!" from list_sharees($1) as id"#, owner.as_uuid())
        .fetch_all(conn)
        .await?;
    Ok(sharees.into_iter().map(UserId::from).collect())
}
