use sqlx::PgConnection;
use untxt_core::{
    domain::{DocumentId, TaskId},
    storage::ObjectKey,
};

use crate::{
    Result,
    row::Row,
    tasks::{self, Run},
};

/// Rows of pages that one statement deletes: far less than a second's work.
const PAGES_PER_STATEMENT: i64 = 2000;

/// A document that was deleted: its key is gone, so what is left of it is unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Every object that may exist of it, to be removed after the commit. Some may never have been written.
    pub objects: Vec<ObjectKey>,
}

/// Deletes a document of the actor with its key, tasks, pages and events. A worker that reads it just now loses its
/// lease and must remove what it stored meanwhile. However many pages and runs there are, no statement takes long; all
/// of them together may, so the caller should not be bound to a client's patience.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, id: DocumentId) -> Result<Option<Deleted>> {
    let mut objects = vec![ObjectKey::Original(id)];
    // The newest run first: rows refer to older ones, and whoever is referred to takes the other with it.
    for Run { task, attempts } in tasks::lock_runs(conn, id).await?.into_iter().rev() {
        objects.extend((1..=attempts).map(|attempt| ObjectKey::SearchablePdf(id, task, attempt)));
        while let Some(images) = delete_pages(conn, id, task).await? {
            objects.extend(images);
        }
    }
    let deleted =
        sqlx::query!("delete from documents where id = $1", id.as_uuid()).execute(conn).await?.rows_affected();
    Ok((deleted == 1).then_some(Deleted { objects }))
}

/// Deletes some pages of a run, in their order, and lists every picture that any attempt may have put; `None` when no
/// page is left.
async fn delete_pages(conn: &mut PgConnection, document: DocumentId, task: TaskId) -> Result<Option<Vec<ObjectKey>>> {
    let rows = sqlx::query!(
        "with deleted as (
            delete from pages
            where task_id = $1
                and page_number in (select page_number from pages where task_id = $1 order by page_number limit $2)
            returning page_number, attempt
        )
        select page_number, attempt from deleted order by page_number",
        task.as_uuid(),
        PAGES_PER_STATEMENT,
    )
    .fetch_all(conn)
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let at = Row { table: "pages", id: &task };
    let mut images = Vec::new();
    for row in rows {
        let (page, attempts) = (at.page("page_number", row.page_number)?, at.number("attempt", row.attempt)?);
        images.extend((1..=attempts).map(|attempt| ObjectKey::PageImage(document, task, page, attempt)));
    }
    Ok(Some(images))
}
