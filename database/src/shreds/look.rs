use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::{domain::DocumentId, receipts::Shred};

use super::ShredRow;
use crate::{Error, Result};

/// How long a look takes at most, unless somebody else may go on with it.
const LOOK: Duration = Duration::from_secs(120);

/// A look at the objects of a document: whoever has the newest writes down what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    document: DocumentId,
    until: OffsetDateTime,
}

/// Takes a look upon oneself; `None`: somebody else is at it, or it is signed. Nobody else begins until it is written down
/// what was seen, or two minutes are over.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin_look(conn: &mut PgConnection, document: DocumentId) -> Result<Option<Look>> {
    let until = sqlx::query_scalar!(
        "update shreds
        set next_look_at = clock_timestamp() + make_interval(secs => $2)
        where document_id = $1 and receipt is null and next_look_at <= clock_timestamp()
        returning next_look_at",
        document.as_uuid(),
        LOOK.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(until.map(|until| Look { document, until }))
}

/// Lets nobody look for a while, because this look led to nothing.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn put_off(conn: &mut PgConnection, look: &Look, pause: Duration) -> Result<()> {
    sqlx::query!(
        "update shreds
        set next_look_at = clock_timestamp() + make_interval(secs => $3)
        where document_id = $1 and next_look_at = $2 and receipt is null",
        look.document.as_uuid(),
        look.until,
        pause.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down how many objects are about to be removed. What is found again after a removal that broke off is not counted
/// twice; what comes after the store was empty adds up.
///
/// # Errors
/// [`crate::Error::LeaseLost`] when somebody else looks by now.
pub async fn count_objects(conn: &mut PgConnection, look: &Look, found: u64) -> Result<()> {
    let counted = sqlx::query!(
        "update shreds
        set
            objects = case
                when objects is null then $3
                when objects_removed_at is not null then objects + $3
                else objects
            end,
            objects_removed_at = null
        where document_id = $1 and next_look_at = $2 and receipt is null",
        look.document.as_uuid(),
        look.until,
        i64::try_from(found).unwrap_or(i64::MAX),
    )
    .execute(conn)
    .await?
    .rows_affected();
    if counted == 1 { Ok(()) } else { Err(Error::LeaseLost) }
}

/// Ends a look: the store has no object of it any more, and the index no token of its own. Gives what the receipt says.
///
/// # Errors
/// [`crate::Error::LeaseLost`] when somebody else looks by now, when no object was ever found (an original there must have
/// been), or when tokens are left.
pub async fn mark_removed(conn: &mut PgConnection, look: &Look) -> Result<Shred> {
    let row = sqlx::query_as!(
        ShredRow,
        "update shreds
        set objects_removed_at = clock_timestamp(), next_look_at = clock_timestamp()
        where document_id = $1 and next_look_at = $2 and receipt is null and objects is not null
            and not exists (select from search_tokens_left t where t.document_id = shreds.document_id)
        returning
            document_id, owner_id, reason, requested_by, requested_at, shredded_at, objects, objects_removed_at,
            receipt, signature, signing_key",
        look.document.as_uuid(),
        look.until,
    )
    .fetch_optional(conn)
    .await?;
    row.ok_or(Error::LeaseLost)?.try_into()
}
