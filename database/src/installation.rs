//! Which installation this is.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Gives the id that this installation got when its database was made.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn id(conn: &mut PgConnection) -> Result<Uuid> {
    Ok(sqlx::query_scalar!("select id from installation").fetch_one(conn).await?)
}
