use sqlx::PgConnection;
use untxt_core::{
    domain::{DocumentId, TaskId},
    storage::ObjectKey,
};

use crate::{Result, row::Row};

/// Lists the searchable PDFs of a document that nobody can ask for any more, because there is a newer one; some may be
/// gone from the store already.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_superseded_pdfs(conn: &mut PgConnection, document: DocumentId) -> Result<Vec<ObjectKey>> {
    let rows = sqlx::query!(
        r#"select id, pdf_attempt as "attempt!"
        from tasks
        where document_id = $1
            and pdf_attempt is not null
            and not exists (select from published_pdfs p where p.task_id = tasks.id)"#,
        document.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let attempt = Row { table: "tasks", id: &row.id }.number("pdf_attempt", row.attempt)?;
            Ok(ObjectKey::SearchablePdf(document, TaskId::from(row.id), attempt))
        })
        .collect()
}
