use sqlx::PgConnection;
use untxt_core::crypto::WrappedOwnerKey;

use super::{KeyEvent, KeyOperation, record};
use crate::{Result, row::Row};

/// Forgets tags of the actor's documents that an older tag key made than the active one, of some documents at a time; gives
/// how many had some.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn forget_old_tags(conn: &mut PgConnection, active: &WrappedOwnerKey, max_rows: u32) -> Result<u64> {
    let forgotten = sqlx::query_scalar!(r#"select forget_old_tags($1) as "count!""#, i64::from(max_rows))
        .fetch_one(&mut *conn)
        .await?;
    let forgotten = Row { table: "documents", id: &active.owner }.number("content_tag", forgotten)?;
    if forgotten > 0 {
        let event = KeyEvent { count: Some(forgotten), ..KeyEvent::of(active, KeyOperation::TagsForgotten) };
        record(conn, &event).await?;
    }
    Ok(forgotten)
}
