use sqlx::PgConnection;
use untxt_core::{domain::DocumentId, receipts::Signed};

use crate::Result;

/// Lists signed receipts that are not in the bucket, in the order of their documents, at most `limit`, those after one: of an
/// earlier version, or restored from a backup.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_unstored(
    conn: &mut PgConnection,
    after: Option<DocumentId>,
    limit: u32,
) -> Result<Vec<(DocumentId, Signed)>> {
    let rows = sqlx::query!(
        r#"select document_id, receipt as "receipt!", signature as "signature!", signing_key as "signing_key!"
        from shreds
        where receipt is not null
            and receipt_stored_at is null
            and ($1::uuid is null or document_id > $1)
        order by document_id
        limit $2"#,
        after.map(DocumentId::as_uuid),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    let signed = rows.into_iter().map(|row| {
        let signed = Signed { receipt: row.receipt, signature: row.signature, signing_key: row.signing_key };
        (row.document_id.into(), signed)
    });
    Ok(signed.collect())
}

/// Writes down that a receipt is in the bucket.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn mark_stored(conn: &mut PgConnection, document: DocumentId) -> Result<()> {
    sqlx::query!(
        "update shreds
        set receipt_stored_at = clock_timestamp()
        where document_id = $1 and receipt is not null and receipt_stored_at is null",
        document.as_uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
