use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, FolderId, OwnerId, TagId};
use uuid::Uuid;

use super::shred::find_keep_until;
use crate::Result;

/// The constraint that refuses a folder that the owner doesn't have.
pub const FOLDER: &str = "documents_folder_fkey";

/// The constraint that refuses to put a document of another where one may not put it.
pub const FOLDER_RIGHT: &str = "documents_folder_right";

/// The constraint that refuses a tag that the owner doesn't have.
pub const TAG: &str = "document_tags_tag_fkey";

/// Where a document is put, and which tags it has from then on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filing {
    /// A folder, or none; `None`: it stays where it is.
    pub folder: Option<Option<FolderId>>,
    /// All its tags, each named once; `None`: it keeps those that it has.
    pub tags: Option<Vec<TagId>>,
}

/// What became of filing a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It is where it was wished.
    Done,
    /// There is no such document.
    NotThere,
    /// The rule of the folder that it would leave keeps it longer: roll back.
    Retained {
        /// Until then.
        until: OffsetDateTime,
    },
}

/// Files a document of the actor. A rule that keeps it is not escaped by moving it.
///
/// # Errors
/// [`crate::Error::Conflict`] with [`FOLDER`] or [`TAG`].
pub async fn file(conn: &mut PgConnection, id: DocumentId, filing: &Filing) -> Result<Filed> {
    // The lock makes two who file it at once come one after the other.
    let owner = sqlx::query_scalar!("select owner_id from documents where id = $1 for no key update", id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(owner) = owner else { return Ok(Filed::NotThere) };
    if let Some(folder) = filing.folder {
        let before = find_keep_until(conn, id).await?;
        sqlx::query!(
            "update documents set folder_id = $2 where id = $1 and folder_id is distinct from $2",
            id.as_uuid(),
            folder.map(FolderId::as_uuid),
        )
        .execute(&mut *conn)
        .await?;
        let after = find_keep_until(conn, id).await?;
        if let Some(until) = before.filter(|before| after.is_none_or(|after| after < *before)) {
            return Ok(Filed::Retained { until });
        }
    }
    if let Some(tags) = &filing.tags {
        set_tags(conn, owner.into(), id, tags).await?;
    }
    Ok(Filed::Done)
}

/// Leaves a document the tags that it has and is to have, and gives it the others. Tags that somebody deletes just now are
/// waited for before anything of the document is changed, since their deletion waits for its rows.
async fn set_tags(conn: &mut PgConnection, owner: OwnerId, document: DocumentId, tags: &[TagId]) -> Result<()> {
    let wanted: Vec<Uuid> = tags.iter().map(|tag| tag.as_uuid()).collect();
    sqlx::query!("select id from tags where id = any($1) order by id for key share", &wanted)
        .fetch_all(&mut *conn)
        .await?;
    let kept = sqlx::query_scalar!(
        "with deleted as (delete from document_tags where document_id = $1 and tag_id <> all($2))
        select tag_id from document_tags where document_id = $1 and tag_id = any($2)",
        document.as_uuid(),
        &wanted,
    )
    .fetch_all(&mut *conn)
    .await?;
    let missing: Vec<_> = tags.iter().copied().filter(|tag| !kept.contains(&tag.as_uuid())).collect();
    insert_tags(conn, owner, document, &missing).await
}

/// Gives a document tags that it doesn't have yet.
pub(super) async fn insert_tags(
    conn: &mut PgConnection,
    owner: OwnerId,
    document: DocumentId,
    tags: &[TagId],
) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let tags: Vec<Uuid> = tags.iter().map(|tag| tag.as_uuid()).collect();
    sqlx::query!(
        "insert into document_tags (document_id, tag_id, owner_id)
        select $1, tag_id, $2 from unnest($3::uuid[]) as tag_id",
        document.as_uuid(),
        owner.as_uuid(),
        &tags,
    )
    .execute(conn)
    .await?;
    Ok(())
}
