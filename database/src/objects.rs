//! Objects of the store that no row names: what an upload, a page or a deletion that broke off has left there.

use std::time::Duration;

use sqlx::PgConnection;
use untxt_core::storage::{ObjectKey, StoredObject};
use uuid::Uuid;

use crate::{
    Result,
    row::{count_column, page_column},
};

/// Any number, the same in every worker: who holds this lock cleans up.
const CLEAN_UP_LOCK: i64 = 0x554e_5458_5443;

/// Says whether nobody else cleans up; then nobody will until this transaction ends.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn try_begin_clean_up(conn: &mut PgConnection) -> Result<bool> {
    let elected = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "elected!""#, CLEAN_UP_LOCK)
        .fetch_one(conn)
        .await?;
    Ok(elected)
}

/// Says whether nobody cleans up; then nobody will until this connection ends.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub(crate) async fn try_hold_off_clean_up(conn: &mut PgConnection) -> Result<bool> {
    let held =
        sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "held!""#, CLEAN_UP_LOCK).fetch_one(conn).await?;
    Ok(held)
}

/// Gives those of these objects that were stored longer ago than `after` and that no row names. An object of a page or
/// a task that has not ended may still be named, however old it is; one of a document that was shredded is left to those
/// who count what they remove.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_orphans(
    conn: &mut PgConnection,
    objects: &[StoredObject],
    after: Duration,
) -> Result<Vec<ObjectKey>> {
    let columns = Columns::of(objects);
    let positions = sqlx::query_scalar!(
        r#"select object.position as "position!"
        from unnest($1::integer[], $2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::bigint[])
            as object (position, document_id, task_id, page_number, attempt, stored_at)
        where
            to_timestamp(object.stored_at) < clock_timestamp() - make_interval(secs => $7)
            and not exists (
                select
                from shreds
                where shreds.document_id = object.document_id and shreds.objects_removed_at is null
            )
            and case
                when object.task_id is null then
                    not exists (select from tasks where tasks.document_id = object.document_id)
                when object.page_number is null then
                    not exists (
                        select
                        from published_pdfs
                        where published_pdfs.task_id = object.task_id and published_pdfs.attempt = object.attempt
                    )
                    and not exists (
                        select
                        from tasks
                        where tasks.id = object.task_id and tasks.ended_at is null
                    )
                else
                    not exists (
                        select
                        from pages
                        where pages.task_id = object.task_id
                            and pages.page_number = object.page_number
                            and (pages.image_attempt = object.attempt or pages.ended_at is null)
                    )
            end"#,
        &columns.positions,
        &columns.documents,
        &columns.tasks as &[Option<Uuid>],
        &columns.pages as &[Option<i32>],
        &columns.attempts as &[Option<i32>],
        &columns.stored_at,
        after.as_secs_f64(),
    )
    .fetch_all(conn)
    .await?;
    let key_at = |position: i32| Some(objects.get(usize::try_from(position).ok()?)?.key);
    Ok(positions.into_iter().filter_map(key_at).collect())
}

/// Objects as arrays, one for each column.
#[derive(Default)]
struct Columns {
    positions: Vec<i32>,
    documents: Vec<Uuid>,
    tasks: Vec<Option<Uuid>>,
    pages: Vec<Option<i32>>,
    attempts: Vec<Option<i32>>,
    stored_at: Vec<i64>,
}

impl Columns {
    fn of(objects: &[StoredObject]) -> Self {
        let mut columns = Self::default();
        for (position, StoredObject { key, stored_at }) in (0..).zip(objects) {
            let (document, task, page, attempt) = match *key {
                // named by the installation itself, and by nobody, because they stay
                ObjectKey::Installation | ObjectKey::Receipt(_) | ObjectKey::AuditHead(_) => continue,
                ObjectKey::Original(document) => (document, None, None, None),
                ObjectKey::SearchablePdf(document, task, attempt) => (document, Some(task), None, Some(attempt)),
                ObjectKey::PageImage(document, task, page, attempt) => {
                    (document, Some(task), Some(page), Some(attempt))
                }
            };
            columns.positions.push(position);
            columns.documents.push(document.as_uuid());
            columns.tasks.push(task.map(|task| task.as_uuid()));
            columns.pages.push(page.map(page_column));
            columns.attempts.push(attempt.map(count_column));
            columns.stored_at.push(*stored_at);
        }
        columns
    }
}
