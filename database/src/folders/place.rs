use sqlx::PgConnection;
use untxt_core::domain::FolderId;

use crate::Result;

/// Folders in folders, the outermost counted: `folder_retention` of migration 21 looks no further up.
pub const MAX_DEPTH: i32 = 10;

/// Whether a folder may be put somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It may.
    Good,
    /// The actor has no such parent.
    NoParent,
    /// It would be in itself.
    InItself,
    /// It, or what is in it, would be more than [`MAX_DEPTH`] deep.
    TooDeep,
}

/// Says whether a folder, a new one if there is none yet, may be put into another, or into none. Only an answer that is got
/// under the lock of [`crate::labels`] still holds when the folder is put there.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn place(conn: &mut PgConnection, folder: Option<FolderId>, parent: Option<FolderId>) -> Result<Place> {
    let row = sqlx::query!(
        r#"with recursive upwards as (
            select id, parent_id, 1 as depth from folders where id = $2
            union all
            select f.id, f.parent_id, u.depth + 1
            from upwards u
            join folders f on f.id = u.parent_id
            where u.depth <= $3
        ),
        downwards as (
            select id, 1 as height from folders where id = $1
            union all
            select f.id, d.height + 1
            from downwards d
            join folders f on f.parent_id = d.id
            where d.height <= $3
        )
        select
            $2::uuid is null or exists (select from upwards) as "has_parent!",
            exists (select from upwards where id = $1) as "is_in_itself!",
            coalesce((select max(depth) from upwards), 0) + coalesce((select max(height) from downwards), 1) as "depth!""#,
        folder.map(FolderId::as_uuid),
        parent.map(FolderId::as_uuid),
        MAX_DEPTH,
    )
    .fetch_one(conn)
    .await?;
    Ok(match row {
        row if !row.has_parent => Place::NoParent,
        row if row.is_in_itself => Place::InItself,
        row if row.depth > MAX_DEPTH => Place::TooDeep,
        _ => Place::Good,
    })
}

/// Lists a folder of the actor and all that are in it; nothing when there is no such folder.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_with_subfolders(conn: &mut PgConnection, folder: FolderId) -> Result<Vec<FolderId>> {
    let ids = sqlx::query_scalar!(
        r#"with recursive downwards as (
            select id, 1 as depth from folders where id = $1
            union all
            select f.id, d.depth + 1
            from downwards d
            join folders f on f.parent_id = d.id
            where d.depth <= $2
        )
        select id as "id!" from downwards"#,
        folder.as_uuid(),
        MAX_DEPTH,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(FolderId::from).collect())
}
