use sqlx::PgConnection;

use super::{KeyEvent, KeyOperation, record};
use crate::Result;

/// The same number as in `guard_root_key` of migration 18: who stores an owner key shares it, who destroys root keys has it
/// alone.
const ROOT_KEYS_LOCK: i64 = 0x554e_5458_5452;

/// Gives those of these root keys that wrap nothing, and writes down that they are destroyed: once this is committed no owner
/// key is stored under them any more. Nothing is given where there are no owner keys at all: that is another database.
///
/// # Errors
/// [`crate::Error::Unavailable`], [`crate::Error::Refused`] for other roles than the worker's.
pub async fn destroy_unused_roots(conn: &mut PgConnection, roots: &[String]) -> Result<Vec<String>> {
    sqlx::query!("select pg_advisory_xact_lock($1)", ROOT_KEYS_LOCK).execute(&mut *conn).await?;
    let used = sqlx::query_scalar!(r#"select kms_key_id as "kms_key_id!" from list_used_root_keys()"#)
        .fetch_all(&mut *conn)
        .await?;
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let unused: Vec<_> = roots.iter().filter(|root| !used.contains(root)).cloned().collect();
    for root in &unused {
        record(conn, &KeyEvent::of_root(root, KeyOperation::RootDestroyed)).await?;
    }
    Ok(unused)
}
