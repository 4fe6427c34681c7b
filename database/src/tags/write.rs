use sqlx::PgConnection;
use untxt_core::domain::{Colour, OwnerId, TagId};

use crate::Result;

/// Documents that one statement takes a tag from: far less than a second's work.
const DOCUMENTS_PER_STATEMENT: i64 = 5000;

/// Inserts a tag of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn insert(
    conn: &mut PgConnection,
    id: TagId,
    owner: OwnerId,
    name_sealed: &[u8],
    colour: Colour,
) -> Result<()> {
    sqlx::query!(
        "insert into tags (id, owner_id, name_sealed, colour) values ($1, $2, $3, $4)",
        id.as_uuid(),
        owner.as_uuid(),
        name_sealed,
        colour.to_string(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes a tag of the actor; false: there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn update(conn: &mut PgConnection, id: TagId, name_sealed: &[u8], colour: Colour) -> Result<bool> {
    let changed = sqlx::query!(
        "update tags set name_sealed = $2, colour = $3 where id = $1",
        id.as_uuid(),
        name_sealed,
        colour.to_string(),
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(changed == 1)
}

/// Deletes a tag of the actor and takes it from all documents, some at a time; false: there is no such tag.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, id: TagId) -> Result<bool> {
    // The lock comes first: who gives it to a document waits, and then finds no tag.
    let locked =
        sqlx::query!("select id from tags where id = $1 for update", id.as_uuid()).fetch_optional(&mut *conn).await?;
    if locked.is_none() {
        return Ok(false);
    }
    loop {
        let taken = sqlx::query!(
            "delete from document_tags
            where tag_id = $1
                and document_id in (select document_id from document_tags where tag_id = $1 limit $2)",
            id.as_uuid(),
            DOCUMENTS_PER_STATEMENT,
        )
        .execute(&mut *conn)
        .await?
        .rows_affected();
        if taken == 0 {
            break;
        }
    }
    let deleted = sqlx::query!("delete from tags where id = $1", id.as_uuid()).execute(conn).await?.rows_affected();
    Ok(deleted == 1)
}
