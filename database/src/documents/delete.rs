use sqlx::PgConnection;
use untxt_core::{
    domain::{DocumentId, TaskId},
    storage::ObjectKey,
};

use crate::{Result, row::Row};

/// A document that was deleted: its key is gone, so what is left of it is unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Every object that may exist of it, to be removed after the commit. Some may never have been written.
    pub objects: Vec<ObjectKey>,
}

/// Deletes a document of the actor with its key, tasks, pages and events. A worker that reads it just now loses its
/// lease and must remove what it stored meanwhile.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, id: DocumentId) -> Result<Option<Deleted>> {
    let objects = list_objects(conn, id).await?;
    let deleted =
        sqlx::query!("delete from documents where id = $1", id.as_uuid()).execute(conn).await?.rows_affected();
    Ok((deleted == 1).then_some(Deleted { objects }))
}

/// Lists every object that any attempt may have put.
async fn list_objects(conn: &mut PgConnection, id: DocumentId) -> Result<Vec<ObjectKey>> {
    let rows = sqlx::query!(
        r#"select
            t.id as "task!",
            t.attempt as "task_attempt!",
            p.page_number as "page_number?",
            p.attempt as "page_attempt?"
        from tasks t
        left join pages p on p.task_id = t.id
        where t.document_id = $1
        order by t.id, p.page_number"#,
        id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut objects = vec![ObjectKey::Original(id)];
    let mut previous = None;
    for row in rows {
        let (task, at) = (TaskId::from(row.task), Row { table: "tasks", id: &row.task });
        if previous.replace(task) != Some(task) {
            let attempts = at.number("attempt", row.task_attempt)?;
            objects.extend((1..=attempts).map(|attempt| ObjectKey::SearchablePdf(id, task, attempt)));
        }
        if let (Some(page), Some(attempts)) = (row.page_number, row.page_attempt) {
            let (page, attempts) = (at.page("page_number", page)?, at.number("attempt", attempts)?);
            objects.extend((1..=attempts).map(|attempt| ObjectKey::PageImage(id, task, page, attempt)));
        }
    }
    Ok(objects)
}
