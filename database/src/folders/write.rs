use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{FolderId, OwnerId};

use super::FolderContent;
use crate::{
    Result,
    row::{Row, count_column},
};

/// Documents that one statement moves: far less than a second's work.
const DOCUMENTS_PER_STATEMENT: i64 = 5000;

/// Inserts a folder of the actor.
///
/// # Errors
/// [`crate::Error::Conflict`] when the actor has no such parent, or the rule is not valid.
pub async fn insert(conn: &mut PgConnection, id: FolderId, owner: OwnerId, content: &FolderContent<'_>) -> Result<()> {
    sqlx::query!(
        "insert into folders (id, owner_id, parent_id, name_sealed, colour, keep_days, delete_days)
        values ($1, $2, $3, $4, $5, $6, $7)",
        id.as_uuid(),
        owner.as_uuid(),
        content.parent.map(FolderId::as_uuid),
        content.name_sealed,
        content.colour.to_string(),
        content.retention.keep_days.map(count_column),
        content.retention.delete_days.map(count_column),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes a folder of the actor; false: there is none.
///
/// # Errors
/// [`crate::Error::Conflict`] as [`insert`].
pub async fn update(conn: &mut PgConnection, id: FolderId, content: &FolderContent<'_>) -> Result<bool> {
    let changed = sqlx::query!(
        "update folders
        set parent_id = $2, name_sealed = $3, colour = $4, keep_days = $5, delete_days = $6
        where id = $1",
        id.as_uuid(),
        content.parent.map(FolderId::as_uuid),
        content.name_sealed,
        content.colour.to_string(),
        content.retention.keep_days.map(count_column),
        content.retention.delete_days.map(count_column),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(changed == 1)
}

/// Deletes a folder of the actor; what is in it goes to its parent. However many documents that are, no statement takes long;
/// all of them together may. False: there is no such folder.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, id: FolderId) -> Result<bool> {
    // The lock comes first: who files a document here waits, and then finds no folder.
    let row = sqlx::query!("select owner_id, parent_id from folders where id = $1 for update", id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(false) };
    sqlx::query!("update folders set parent_id = $2 where parent_id = $1", id.as_uuid(), row.parent_id)
        .execute(&mut *conn)
        .await?;
    loop {
        let moved = sqlx::query!(
            "update documents
            set folder_id = $3
            where id in (
                select id
                from documents
                where owner_id = $1 and folder_id = $2
                -- Whoever wraps keys anew locks documents in this order, too; and one that is filed elsewhere just now is
                -- waited for, and left where it went.
                order by id
                limit $4
                for no key update
            )",
            row.owner_id,
            id.as_uuid(),
            row.parent_id,
            DOCUMENTS_PER_STATEMENT,
        )
        .execute(&mut *conn)
        .await?
        .rows_affected();
        if moved == 0 {
            break;
        }
    }
    let deleted = sqlx::query!("delete from folders where id = $1", id.as_uuid()).execute(conn).await?.rows_affected();
    Ok(deleted == 1)
}

/// Says until when the rule that holds in a folder of the actor keeps something that is in it, or in folders in it that have
/// no rule of their own; `None`: nothing, or not any more.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_keep_until(conn: &mut PgConnection, id: FolderId) -> Result<Option<(u32, OffsetDateTime)>> {
    let row = sqlx::query!(
        r#"with recursive inside as (
            select f.id from folders f where f.id = $1
            union all
            select f.id from inside i join folders f on f.parent_id = i.id where f.keep_days is null
        )
        select r.keep_days as "keep_days!", max(d.created_at) + make_interval(hours => 24 * r.keep_days) as "until!"
        from folder_retention($1) r, documents d
        where r.keep_days is not null
            and d.folder_id in (select id from inside)
            and d.created_at > clock_timestamp() - make_interval(hours => 24 * r.keep_days)
        group by r.keep_days"#,
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let days = Row { table: "folders", id: &id }.number("keep_days", row.keep_days)?;
    Ok(Some((days, row.until)))
}

/// Gives the days that something is kept that is put into a folder of the actor, or into none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_keep_days(conn: &mut PgConnection, id: Option<FolderId>) -> Result<u32> {
    let Some(id) = id else { return Ok(0) };
    let days = sqlx::query_scalar!("select keep_days from folder_retention($1)", id.as_uuid())
        .fetch_optional(conn)
        .await?
        .flatten();
    days.map_or(Ok(0), |days| Row { table: "folders", id: &id }.number("keep_days", days))
}
