use sqlx::PgConnection;
use untxt_core::{
    crypto::{WrappedDocumentKey, WrappedOwnerKey},
    domain::{DocumentId, OwnerId},
};
use uuid::Uuid;

use super::{KeyEvent, KeyOperation, record, tag_key_column};
use crate::{
    Result,
    row::{Row, count_column},
};

/// A document key that was wrapped anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// Whose key.
    pub document: DocumentId,
    /// As it was found.
    pub before: WrappedDocumentKey,
    /// As it is to be stored.
    pub after: WrappedDocumentKey,
}

/// Stores an owner key that was wrapped anew; false: it was changed meanwhile.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn store_key(conn: &mut PgConnection, before: &WrappedOwnerKey, after: &WrappedOwnerKey) -> Result<bool> {
    let changed = sqlx::query!(
        "update owner_keys
        set
            kms_key_id = $4,
            wrapped = $5,
            wrapped_index_key = $6,
            index_wrapped_by = $7,
            wrapped_tag_key = $8,
            wrapped_at = clock_timestamp()
        where owner_id = $1 and version = $2 and wrapped = $3",
        before.owner.as_uuid(),
        count_column(before.version),
        before.wrapped,
        after.kms_key_id,
        after.wrapped,
        after.wrapped_index_key,
        after.index_wrapping.as_str(),
        tag_key_column(after),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if changed == 1 {
        record(conn, &KeyEvent::of(after, KeyOperation::Rewrapped)).await?;
    }
    Ok(changed == 1)
}

/// Lists documents of the actor whose keys are wrapped by an older version than this one, in the order of their ids.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_documents_under_older(
    conn: &mut PgConnection,
    active: &WrappedOwnerKey,
    after: Option<DocumentId>,
    max_rows: u32,
) -> Result<Vec<(DocumentId, WrappedDocumentKey)>> {
    let rows = sqlx::query!(
        "select id, owner_key_version, wrapped_key
        from documents
        where owner_id = $1 and owner_key_version < $2 and ($3::uuid is null or id > $3)
        order by id
        limit $4",
        active.owner.as_uuid(),
        count_column(active.version),
        after.map(DocumentId::as_uuid),
        i64::from(max_rows),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let at = Row { table: "documents", id: &row.id };
            let owner_key_version = at.number("owner_key_version", row.owner_key_version)?;
            Ok((row.id.into(), WrappedDocumentKey { owner_key_version, wrapped: row.wrapped_key }))
        })
        .collect()
}

/// Stores document keys of one owner that were wrapped anew by one version; those that were changed or deleted meanwhile
/// are left as they are. Gives how many were stored.
///
/// # Errors
/// [`crate::Error::Unavailable`], [`crate::Error::Conflict`] when that version seals nothing.
pub async fn store_documents(conn: &mut PgConnection, owner: OwnerId, keys: &[Rewrapped]) -> Result<u64> {
    let Some(version) = keys.first().map(|key| key.after.owner_key_version) else { return Ok(0) };
    let column = |part: fn(&Rewrapped) -> Vec<u8>| -> Vec<Vec<u8>> { keys.iter().map(part).collect() };
    let documents: Vec<Uuid> = keys.iter().map(|key| key.document.as_uuid()).collect();
    let changed = sqlx::query!(
        "update documents
        set owner_key_version = $2, wrapped_key = key.after
        from unnest($3::uuid[], $4::bytea[], $5::bytea[]) as key (document_id, before, after)
        where documents.id = key.document_id and documents.owner_id = $1 and documents.wrapped_key = key.before",
        owner.as_uuid(),
        count_column(version),
        &documents,
        &column(|key| key.before.wrapped.clone()),
        &column(|key| key.after.wrapped.clone()),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let event = KeyEvent {
        operation: KeyOperation::DocumentsRewrapped,
        owner: Some(owner),
        version: Some(version),
        kms_key_id: None,
        count: Some(changed),
    };
    record(conn, &event).await?;
    Ok(changed)
}
