//! Pages as a run shows them. Which result that is, the view `shown_pages` knows.

use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, PageNumber, TaskId};

use super::{Page, PageWithContent, row::ShownRow};
use crate::{Result, row::page_column};

/// Lists the pages of a task of the actor, in order.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, task: TaskId) -> Result<Vec<Page>> {
    let all = Part { first: PageNumber::from_index(0), limit: i64::MAX, has_contents: false };
    Ok(load(conn, task, all).await?.into_iter().map(|found| found.page).collect())
}

/// Finds a page of a task of the actor, with its content.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_content(conn: &mut PgConnection, task: TaskId, page: PageNumber) -> Result<Option<PageWithContent>> {
    let found = load_contents(conn, task, page, 1).await?.pop();
    Ok(found.filter(|found| found.page.number == page))
}

/// Loads pages with their contents, in order, from page `first` on, at most `limit`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_contents(
    conn: &mut PgConnection,
    task: TaskId,
    first: PageNumber,
    limit: u32,
) -> Result<Vec<PageWithContent>> {
    load(conn, task, Part { first, limit: limit.into(), has_contents: true }).await
}

/// Which pages of a task are loaded, and how much of them.
struct Part {
    first: PageNumber,
    limit: i64,
    /// Contents lie apart and are large; without this nobody fetches them.
    has_contents: bool,
}

async fn load(conn: &mut PgConnection, task: TaskId, part: Part) -> Result<Vec<PageWithContent>> {
    sqlx::query_as!(
        ShownRow,
        r#"select
            page_number as "page_number!",
            state as "state!",
            result_task_id as "result_task_id!",
            width,
            height,
            dpi,
            mean_confidence,
            image_attempt,
            image_media_type,
            case when $4 then content_sealed end as content_sealed,
            failure_code,
            reread_state,
            reread_failure_code,
            other_task_id,
            other_mean_confidence,
            other_is_newer,
            is_undecided as "is_undecided!"
        from shown_pages
        where task_id = $1 and page_number >= $2
        order by page_number
        limit $3"#,
        task.as_uuid(),
        page_column(part.first),
        part.limit,
        part.has_contents,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Finds what a certain run of a document of the actor read from a page, whether it is shown or not.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_result(
    conn: &mut PgConnection,
    document: DocumentId,
    task: TaskId,
    page: PageNumber,
) -> Result<Option<PageWithContent>> {
    sqlx::query_as!(
        ShownRow,
        r#"select
            p.page_number,
            p.state,
            p.task_id as result_task_id,
            p.width,
            p.height,
            p.dpi,
            p.mean_confidence,
            p.image_attempt,
            p.image_media_type,
            p.content_sealed,
            p.failure_code,
            null::text as reread_state,
            null::text as reread_failure_code,
            null::uuid as other_task_id,
            null::real as other_mean_confidence,
            null::boolean as other_is_newer,
            false as "is_undecided!"
        from pages p
        join tasks t on t.id = p.task_id
        where t.document_id = $1 and p.task_id = $2 and p.page_number = $3 and p.state = 'done'"#,
        document.as_uuid(),
        task.as_uuid(),
        page_column(page),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}
