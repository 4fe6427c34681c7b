//! Workers that are alive. Each writes its row again and again; who has been silent for 15 seconds counts as gone.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Result,
    row::{Row, count_column},
};

/// A worker as it tells of itself; nothing here says where it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Made anew at each start.
    pub id: Uuid,
    /// Version of its executable.
    pub version: String,
    /// How many pages it reads at once.
    pub slots: u32,
    /// Mean time of its last pages in seconds, none before the first.
    pub page_seconds: Option<f32>,
    /// Queue entries that it could not read and dropped, since its start.
    pub dropped_entries: u64,
}

/// Writes down that this worker is alive, and forgets those that have not been for an hour.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn report(conn: &mut PgConnection, worker: &Worker) -> Result<()> {
    sqlx::query!(
        "insert into workers (id, version, slots, page_seconds, dropped_entries)
        values ($1, $2, $3, $4, $5)
        on conflict (id) do update set
            page_seconds = excluded.page_seconds,
            dropped_entries = excluded.dropped_entries,
            seen_at = clock_timestamp()",
        worker.id,
        worker.version,
        count_column(worker.slots),
        worker.page_seconds,
        i64::try_from(worker.dropped_entries).unwrap_or(i64::MAX),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from workers where seen_at < clock_timestamp() - interval '1 hour'").execute(conn).await?;
    Ok(())
}

/// Takes a worker that stops off the list.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn leave(conn: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("delete from workers where id = $1", id).execute(conn).await?;
    Ok(())
}

/// Lists the workers that are alive, oldest first. For workers and administrators; others find nothing.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, limit: u32) -> Result<Vec<Worker>> {
    let rows = sqlx::query!(
        r#"select
            id as "id!",
            version as "version!",
            slots as "slots!",
            page_seconds,
            dropped_entries as "dropped_entries!"
        from list_workers($1)"#,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let at = Row { table: "workers", id: &row.id };
            Ok(Worker {
                id: row.id,
                slots: at.number("slots", row.slots)?,
                dropped_entries: at.number("dropped_entries", row.dropped_entries)?,
                version: row.version,
                page_seconds: row.page_seconds,
            })
        })
        .collect()
}
