//! The list of tokens that there are: those of rows that are gone are taken out of it.

use sqlx::PgConnection;
use untxt_core::domain::DocumentId;

use crate::Result;

/// Tokens that are looked at in one transaction: some 20 ms, for which whoever stores a page waits.
const AT_ONCE: i32 = 2000;

/// Takes tokens out that no row has any more, some of those that pages of this document had, or of those of all; says how many
/// it looked at, 0 when none is left.
///
/// # Errors
/// [`crate::Error::Unavailable`], also when pages were being stored all the time: try again.
pub async fn forget_tokens(conn: &mut PgConnection, document: Option<DocumentId>) -> Result<u64> {
    let looked_at = sqlx::query_scalar!(
        r#"select forget_search_tokens($1, $2) as "looked_at!""#,
        document.map(|document| document.as_uuid()),
        AT_ONCE,
    )
    .fetch_one(conn)
    .await?;
    Ok(looked_at.unsigned_abs())
}
