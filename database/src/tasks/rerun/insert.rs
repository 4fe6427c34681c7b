use sqlx::PgConnection;
use untxt_core::domain::TaskId;

use super::{NewRun, lay_out::Layout};
use crate::{
    Result,
    row::{count_column, page_column},
};

/// Inserts the task, its first event and its pages.
pub(super) async fn insert(conn: &mut PgConnection, new: &NewRun<'_>, layout: &Layout) -> Result<()> {
    insert_task(conn, new, layout).await?;
    insert_pages(conn, new.id, layout).await
}

async fn insert_task(conn: &mut PgConnection, new: &NewRun<'_>, layout: &Layout) -> Result<()> {
    sqlx::query!(
        "insert into tasks (
            id, document_id, owner_id, languages, preset, text_mode, last_seq, trace, is_rerun, page_count,
            pages_done, pages_failed, pages_low, pages_unread, idempotency_tag, request_tag, queue
        )
        select $1, document_id, owner_id, $3, $4, $5, 1, $6, $7 > 0, $7, $8, $9, $10, $11, $12, $13, $14
        -- any task of the document knows whose it is
        from tasks
        where document_id = $2
        limit 1",
        new.id.as_uuid(),
        new.document.as_uuid(),
        new.settings.languages,
        new.settings.preset.name(),
        new.settings.text_mode.name(),
        new.trace,
        i32::try_from(layout.pages.len()).unwrap_or(i32::MAX),
        count_column(layout.done),
        count_column(layout.failed),
        count_column(layout.low),
        count_column(layout.unread),
        new.key.map(|key| key.tag.to_vec()),
        new.key.map(|key| key.request.to_vec()),
        new.queue.as_str(),
    )
    .execute(&mut *conn)
    .await?;
    // A second statement: only then is the task there, and with it what somebody else may do with it.
    sqlx::query!(
        "insert into task_events (task_id, seq, owner_id, kind, state, total, done, failed, low)
        select id, last_seq, owner_id, 'task.queued', state, page_count, pages_done, pages_failed, pages_low
        from tasks
        where id = $1",
        new.id.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_pages(conn: &mut PgConnection, task: TaskId, layout: &Layout) -> Result<()> {
    let pages = &layout.pages;
    let numbers: Vec<_> = pages.iter().map(|page| page_column(page.number)).collect();
    let to_be_read: Vec<_> = pages.iter().map(|page| page.is_to_be_read).collect();
    let shown: Vec<_> = pages.iter().map(|page| page.shown.as_uuid()).collect();
    let other: Vec<_> = pages.iter().map(|page| page.other.map(TaskId::as_uuid)).collect();
    let undecided: Vec<_> = pages.iter().map(|page| page.is_undecided).collect();
    sqlx::query!(
        "insert into pages (
            task_id, page_number, owner_id, state, shown_task_id, other_task_id, is_undecided, ended_at
        )
        select
            t.id,
            p.number,
            t.owner_id,
            case when p.is_to_be_read then 'queued' else 'kept' end,
            p.shown,
            p.other,
            p.is_undecided,
            case when p.is_to_be_read then null else clock_timestamp() end
        from tasks t
        cross join unnest($2::integer[], $3::boolean[], $4::uuid[], $5::uuid[], $6::boolean[])
            as p (number, is_to_be_read, shown, other, is_undecided)
        where t.id = $1",
        task.as_uuid(),
        &numbers,
        &to_be_read,
        &shown,
        &other as &[Option<uuid::Uuid>],
        &undecided,
    )
    .execute(conn)
    .await?;
    Ok(())
}
