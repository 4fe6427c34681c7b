//! What is left of documents that were shredded: when, why, on whose wish, and the receipt once it is signed.
//!
//! Rows are written with the deletion ([`crate::documents::shred`]); a receipt never changes.

mod look;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, OwnerId, UserId};
use uuid::Uuid;

use crate::{
    Error, Result,
    election::{self, Duty},
    row::Row,
};

pub use look::{Look, begin_look, count_objects, mark_removed, put_off};
pub use untxt_core::receipts::{Shred, Signed};

/// How many receipts are still to be signed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// So many.
    pub receipts: u64,
    /// How long ago the oldest document was shredded, in seconds; 0 if none waits.
    pub oldest_seconds: f64,
}

/// A document whose objects are to be removed, or whose receipt is to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removing {
    /// What is known of it.
    pub shred: Shred,
    /// Nobody can be putting an object of it any more.
    pub is_quiet: bool,
}

/// Says whether nobody else shreds; then nobody will until this transaction ends.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn try_begin(conn: &mut PgConnection) -> Result<bool> {
    election::elect(conn, Duty::Shred).await
}

/// Tells the server that the transaction that was elected is not forgotten.
///
/// # Errors
/// [`crate::Error::Unavailable`]: then somebody else may have begun.
pub async fn keep(conn: &mut PgConnection) -> Result<()> {
    election::keep(conn).await
}

/// Finds a document of the actor that was shredded.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, document: DocumentId) -> Result<Option<Shred>> {
    let row = sqlx::query_as!(
        ShredRow,
        "select
            document_id, owner_id, reason, requested_by, requested_at, shredded_at, objects, objects_removed_at,
            receipt, signature, signing_key
        from shreds
        where document_id = $1",
        document.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Lists what the actor's documents left that were shredded, newest first, at most `limit`, those after `before` when given.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    owner: OwnerId,
    before: Option<DocumentId>,
    limit: u32,
) -> Result<Vec<Shred>> {
    sqlx::query_as!(
        ShredRow,
        "select
            document_id, owner_id, reason, requested_by, requested_at, shredded_at, objects, objects_removed_at,
            receipt, signature, signing_key
        from shreds
        where owner_id = $1
            and (
                $2::uuid is null
                or (shredded_at, document_id)
                    < (select s.shredded_at, s.document_id from shreds s where s.document_id = $2)
            )
        order by shredded_at desc, document_id desc
        limit $3",
        owner.as_uuid(),
        before.map(DocumentId::as_uuid),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Lists those without a receipt that may be looked at now, of all owners, the oldest first, at most `limit`, those shredded
/// after one of them. What was removed already is looked at once more, when nobody can be putting anything there, if
/// `can_sign`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_removing(
    conn: &mut PgConnection,
    after: Option<(OffsetDateTime, DocumentId)>,
    can_sign: bool,
    limit: u32,
) -> Result<Vec<Removing>> {
    let rows = sqlx::query!(
        r#"select
            document_id, owner_id, reason, requested_by, requested_at, shredded_at, objects, objects_removed_at,
            quiet_at <= clock_timestamp() as "is_quiet!"
        from shreds
        where receipt is null
            and next_look_at <= clock_timestamp()
            and (objects_removed_at is null or $3 and quiet_at <= clock_timestamp())
            and ($1::timestamptz is null or (shredded_at, document_id) > ($1, $2))
        order by shredded_at, document_id
        limit $4"#,
        after.map(|after| after.0),
        after.map(|after| after.1.as_uuid()),
        can_sign,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let shred = ShredRow {
                document_id: row.document_id,
                owner_id: row.owner_id,
                reason: row.reason,
                requested_by: row.requested_by,
                requested_at: row.requested_at,
                shredded_at: row.shredded_at,
                objects: row.objects,
                objects_removed_at: row.objects_removed_at,
                receipt: None,
                signature: None,
                signing_key: None,
            };
            Ok(Removing { shred: shred.try_into()?, is_quiet: row.is_quiet })
        })
        .collect()
}

/// Says whether a document is still there, whoever owns it: then none of its objects may be removed, whatever a line says.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_document(conn: &mut PgConnection, document: DocumentId) -> Result<bool> {
    let is_document =
        sqlx::query_scalar!(r#"select is_document($1) as "is_document!""#, document.as_uuid()).fetch_one(conn).await?;
    Ok(is_document)
}

/// Stores a receipt; `false`: there is one already.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn sign(conn: &mut PgConnection, document: DocumentId, signed: &Signed) -> Result<bool> {
    let stored = sqlx::query!(
        "update shreds
        set receipt = $2, signature = $3, signing_key = $4
        where document_id = $1 and receipt is null",
        document.as_uuid(),
        signed.receipt,
        signed.signature,
        signed.signing_key,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(stored == 1)
}

/// Counts what waits for its receipt.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_waiting(conn: &mut PgConnection) -> Result<Waiting> {
    let row = sqlx::query!(
        r#"select
            count(*) as "receipts!",
            coalesce(extract(epoch from clock_timestamp() - min(shredded_at)), 0)::double precision as "oldest!"
        from shreds
        where receipt is null"#
    )
    .fetch_one(conn)
    .await?;
    let receipts = Row { table: "shreds", id: &"all" }.number("count", row.receipts)?;
    Ok(Waiting { receipts, oldest_seconds: row.oldest })
}

pub(crate) struct ShredRow {
    pub(crate) document_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) reason: String,
    pub(crate) requested_by: Option<Uuid>,
    pub(crate) requested_at: OffsetDateTime,
    pub(crate) shredded_at: OffsetDateTime,
    pub(crate) objects: Option<i64>,
    pub(crate) objects_removed_at: Option<OffsetDateTime>,
    pub(crate) receipt: Option<Vec<u8>>,
    pub(crate) signature: Option<Vec<u8>>,
    pub(crate) signing_key: Option<String>,
}

impl TryFrom<ShredRow> for Shred {
    type Error = Error;

    fn try_from(row: ShredRow) -> Result<Self> {
        let at = Row { table: "shreds", id: &row.document_id };
        let signed = match (row.receipt, row.signature, row.signing_key) {
            (Some(receipt), Some(signature), Some(signing_key)) => Some(Signed { receipt, signature, signing_key }),
            _ => None,
        };
        Ok(Self {
            document: row.document_id.into(),
            owner: row.owner_id.into(),
            reason: at.word("reason", &row.reason)?,
            requested_by: row.requested_by.map(UserId::from),
            requested_at: row.requested_at,
            shredded_at: row.shredded_at,
            objects: at.number_if_any("objects", row.objects)?,
            objects_removed_at: row.objects_removed_at,
            signed,
        })
    }
}
