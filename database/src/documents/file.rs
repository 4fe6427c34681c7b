use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, FolderId, OwnerId, TagId};
use uuid::Uuid;

use crate::Result;

/// The constraint that refuses a folder that the owner doesn't have.
pub const FOLDER: &str = "documents_folder_fkey";

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

/// Files a document of the actor; false: there is no such document.
///
/// # Errors
/// [`crate::Error::Conflict`] with [`FOLDER`] or [`TAG`].
pub async fn file(conn: &mut PgConnection, id: DocumentId, filing: &Filing) -> Result<bool> {
    // The lock makes two who file it at once come one after the other.
    let owner = sqlx::query_scalar!("select owner_id from documents where id = $1 for no key update", id.as_uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(owner) = owner else { return Ok(false) };
    if let Some(folder) = filing.folder {
        sqlx::query!(
            "update documents set folder_id = $2 where id = $1 and folder_id is distinct from $2",
            id.as_uuid(),
            folder.map(FolderId::as_uuid),
        )
        .execute(&mut *conn)
        .await?;
    }
    if let Some(tags) = &filing.tags {
        sqlx::query!("delete from document_tags where document_id = $1", id.as_uuid()).execute(&mut *conn).await?;
        insert_tags(conn, owner.into(), id, tags).await?;
    }
    Ok(true)
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
