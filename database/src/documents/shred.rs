use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, TaskId};

use crate::{Error, Result, holds, tasks};

/// Rows of pages that one statement deletes: far less than a second's work.
const PAGES_PER_STATEMENT: i64 = 2000;

/// How long a worker that has lost its lease may still be putting an object: what one may take (two minutes), and some
/// time for the store to end it.
const LATE_PUT: Duration = Duration::from_secs(150);

/// Why a document is shredded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShredWish {
    /// Its owner wishes it, wherever it is.
    AtOnce,
    /// Its owner empties the trash, and it is in there.
    EmptyTrash,
    /// It is in the trash and its time is over.
    WhenDue,
}

/// What became of the wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shredding {
    /// It is shredded.
    Done,
    /// There is no such document, or not in that state.
    NotThere,
    /// The rule of its folder keeps it.
    Retained {
        /// Until then.
        until: OffsetDateTime,
    },
    /// A legal hold keeps it.
    Held,
}

/// Shreds a document of the actor: key, tasks, pages, tokens and events go, and a line in `shreds` says so in the same
/// transaction. A worker that reads it just now loses its lease.
/// Its objects are removed after the commit, by a worker, which then signs the receipt; until then they are noise. However
/// many pages and runs there are, no statement takes long; all of them together may, so the caller should not be bound to a
/// client's patience.
///
/// # Errors
/// [`crate::Error::Unavailable`]; [`crate::Error::NotFound`] when this role may not delete it: roll back.
pub async fn shred(conn: &mut PgConnection, id: DocumentId, wish: ShredWish) -> Result<Shredding> {
    let runs = tasks::lock_runs(conn, id).await?;
    // Whoever files it elsewhere meanwhile waits, and then finds nothing.
    sqlx::query!("select id from documents where id = $1 for no key update", id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    if holds::keeps(conn, id).await? {
        return Ok(Shredding::Held);
    }
    if let Some(until) = find_keep_until(conn, id).await? {
        return retain(conn, id, wish, until).await;
    }
    if !write_down(conn, id, wish).await? {
        return Ok(Shredding::NotThere);
    }
    // What it has read by now is counted while its pages are there.
    if let Some(open) = tasks::lock_open(conn, id).await? {
        tasks::stop(conn, open).await?;
    }
    // The newest run first: rows refer to older ones, and whoever is referred to takes the other with it.
    for task in runs.into_iter().rev() {
        while delete_pages(conn, task).await? {}
    }
    let deleted =
        sqlx::query!("delete from documents where id = $1", id.as_uuid()).execute(conn).await?.rows_affected();
    // Whoever may not delete it must not leave a line behind that says so.
    if deleted == 1 { Ok(Shredding::Done) } else { Err(Error::NotFound("document")) }
}

/// Says until when the rule of its folder keeps a document, if that is not over.
pub(super) async fn find_keep_until(conn: &mut PgConnection, id: DocumentId) -> Result<Option<OffsetDateTime>> {
    let until = sqlx::query_scalar!(
        r#"select keep_until as "keep_until!"
        from document_retention
        where document_id = $1 and keep_until > clock_timestamp()"#,
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(until)
}

/// Leaves a document in the trash for as long as its rule says, which may have changed since it was put there.
async fn retain(conn: &mut PgConnection, id: DocumentId, wish: ShredWish, until: OffsetDateTime) -> Result<Shredding> {
    if wish == ShredWish::WhenDue {
        sqlx::query!(
            "update documents set shred_at = $2 where id = $1 and trashed_at is not null and shred_at < $2",
            id.as_uuid(),
            until,
        )
        .execute(conn)
        .await?;
    }
    Ok(Shredding::Retained { until })
}

/// Writes the line that stays; `false`: nothing is to be shredded. Objects may come late while a run is open, and after one
/// that somebody was taken away from.
async fn write_down(conn: &mut PgConnection, id: DocumentId, wish: ShredWish) -> Result<bool> {
    let written = sqlx::query!(
        "insert into shreds (document_id, owner_id, reason, requested_by, requested_at, quiet_at)
        select
            d.id,
            d.owner_id,
            case when $2 then 'person' when d.trash_reason = 'retention' then 'retention' else 'trash' end,
            case
                -- Who manages it may be another than its owner.
                when $2 then coalesce(current_actor(), d.owner_id)
                when d.trash_reason = 'person' then coalesce(d.trashed_by, d.owner_id)
            end,
            case when $2 then clock_timestamp() else d.trashed_at end,
            clock_timestamp() + make_interval(secs => case
                when exists (
                    select
                    from tasks t
                    where t.document_id = d.id
                        and (t.ended_at is null or t.ended_at > clock_timestamp() - make_interval(secs => $4))
                        -- One claim to look into the document, one to end it: whoever had another one has lost it.
                        and (
                            t.state <> 'done'
                            or t.attempt > 2
                            or exists (select from pages p where p.task_id = t.id and p.attempt > 1)
                        )
                ) then $4 else 0 end)
        from documents d
        where d.id = $1 and ($2 or d.trashed_at is not null and ($3 or d.shred_at <= clock_timestamp()))",
        id.as_uuid(),
        wish == ShredWish::AtOnce,
        wish == ShredWish::EmptyTrash,
        LATE_PUT.as_secs_f64(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(written == 1)
}

/// Deletes some pages of a run, from the first on; `false` when none is left.
async fn delete_pages(conn: &mut PgConnection, task: TaskId) -> Result<bool> {
    let deleted = sqlx::query!(
        "delete from pages
        where task_id = $1
            and page_number in (select page_number from pages where task_id = $1 order by page_number limit $2)",
        task.as_uuid(),
        PAGES_PER_STATEMENT,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(deleted > 0)
}
