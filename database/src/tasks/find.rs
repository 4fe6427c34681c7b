use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, FailureCode, TaskId};

use super::{Task, TaskRow};
use crate::Result;

/// Finds a task of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, id: TaskId) -> Result<Option<Task>> {
    sqlx::query_as!(
        TaskRow,
        "select
            id,
            document_id,
            state,
            page_count,
            pages_done,
            pages_failed,
            pages_low,
            last_seq,
            failure_code,
            pdf_attempt,
            languages,
            preset,
            text_mode,
            queue,
            is_rerun,
            trace,
            created_at,
            started_at,
            ended_at
        from tasks
        where id = $1",
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Finds the task that says what a document shows: the newest one that is not void.
pub(crate) async fn find_current(conn: &mut PgConnection, document: DocumentId) -> Result<Option<Task>> {
    let id = sqlx::query_scalar!(
        "select id
        from tasks
        where document_id = $1 and not is_void
        order by created_at desc, id desc
        limit 1",
        document.as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match id {
        Some(id) => find(conn, id.into()).await,
        None => Ok(None),
    }
}

/// Finds the first task of a document of the actor, which the upload asked for.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_first(conn: &mut PgConnection, document: DocumentId) -> Result<Option<Task>> {
    let id = sqlx::query_scalar!(
        "select id from tasks where document_id = $1 order by created_at, id limit 1",
        document.as_uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match id {
        Some(id) => find(conn, id.into()).await,
        None => Ok(None),
    }
}

/// Finds the task that was begun with an idempotency key, and the tag of what was asked for then.
pub(crate) async fn find_keyed(
    conn: &mut PgConnection,
    document: DocumentId,
    tag: &[u8; 32],
) -> Result<Option<(Task, Vec<u8>)>> {
    let row = sqlx::query!(
        r#"select id, request_tag as "request_tag!" from tasks where document_id = $1 and idempotency_tag = $2"#,
        document.as_uuid(),
        tag,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(find(conn, row.id.into()).await?.map(|task| (task, row.request_tag)))
}

/// Says whether the virus scanner found something in a document of the actor, the last time it looked.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_quarantined(conn: &mut PgConnection, document: DocumentId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
            select
            from tasks found
            where found.document_id = $1
                and found.failure_code = $2
                and not exists (
                    select
                    from tasks later
                    where later.document_id = $1
                        and later.created_at > found.created_at
                        and later.started_at is not null
                        -- a choice between results opens nothing, so nothing was scanned for it
                        and exists (
                            select
                            from pages
                            where pages.task_id = later.id and pages.state <> 'kept'
                        )
                )
        ) as "is_quarantined!""#,
        document.as_uuid(),
        FailureCode::MalwareFound.as_str(),
    )
    .fetch_one(conn)
    .await?)
}
