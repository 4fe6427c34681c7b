//! What a snapshot holds of keys and small sealed values, to see whether they open.

use sqlx::AssertSqlSafe;
use untxt_core::{
    crypto::{WrappedDocumentKey, WrappedLabelKey, WrappedOwnerKey},
    domain::{DocumentId, FolderId, OwnerId, PageNumber, TagId, TaskId},
};
use uuid::Uuid;

use super::{Snapshot, Table, catalog::quote};
use crate::{
    Result, folders, labels, owner_keys,
    row::{Row, count_column},
    tags,
};

/// What the row of a document has sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedDocument {
    /// Which document.
    pub id: DocumentId,
    /// Whose.
    pub owner: OwnerId,
    /// Its key.
    pub key: WrappedDocumentKey,
    /// Its name and hash.
    pub metadata: Vec<u8>,
}

/// What the row of a page has sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPage {
    /// The task that read it.
    pub task: TaskId,
    /// Which page.
    pub number: PageNumber,
    /// What was read.
    pub content: Vec<u8>,
}

/// What the rows of an owner's folders and tags have sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedLabels {
    /// The key of their names.
    pub key: WrappedLabelKey,
    /// Names of folders.
    pub folders: Vec<(FolderId, Vec<u8>)>,
    /// Names of tags.
    pub tags: Vec<(TagId, Vec<u8>)>,
}

impl Snapshot {
    /// Counts the rows of a table.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn count(&mut self, table: &Table) -> Result<u64> {
        let statement = format!("select count(*) from public.{}", quote(&table.name));
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut self.conn).await?;
        Row { table: "pg_class", id: &table.name }.number("rows", count)
    }

    /// Lists the keys of some owners, in the order of their ids, those after one. Tables must be of this version.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn owner_keys(&mut self, after: Option<OwnerId>, max_owners: u32) -> Result<Vec<WrappedOwnerKey>> {
        owner_keys::list_of_owners(&mut self.conn, after, max_owners).await
    }

    /// Finds one version of an owner's key. Tables must be of this version.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn owner_key(&mut self, owner: OwnerId, version: u32) -> Result<Option<WrappedOwnerKey>> {
        owner_keys::find(&mut self.conn, owner, version).await
    }

    /// Lists documents in the order of their ids, those after one.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn documents(&mut self, after: Option<DocumentId>, max_rows: u32) -> Result<Vec<SealedDocument>> {
        sqlx::query_as!(
            DocumentRow,
            "select id, owner_id, owner_key_version, wrapped_key, metadata_sealed
            from documents
            where $1::uuid is null or id > $1
            order by id
            limit $2",
            after.map(DocumentId::as_uuid),
            i64::from(max_rows),
        )
        .fetch_all(&mut self.conn)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Picks documents at random.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn some_documents(&mut self, max_rows: u32) -> Result<Vec<SealedDocument>> {
        sqlx::query_as!(
            DocumentRow,
            "select id, owner_id, owner_key_version, wrapped_key, metadata_sealed
            from documents
            where id in (select id from documents order by random() limit $1)",
            i64::from(max_rows),
        )
        .fetch_all(&mut self.conn)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Lists the folders and tags of an owner; `None`: they never had any. Tables must be of this version.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn labels(&mut self, owner: OwnerId) -> Result<Option<SealedLabels>> {
        let Some(key) = labels::find_key(&mut self.conn, owner).await? else { return Ok(None) };
        let folders = folders::list(&mut self.conn, owner).await?;
        let tags = tags::list(&mut self.conn, owner).await?;
        Ok(Some(SealedLabels {
            key,
            folders: folders.into_iter().map(|folder| (folder.id, folder.name_sealed)).collect(),
            tags: tags.into_iter().map(|tag| (tag.id, tag.name_sealed)).collect(),
        }))
    }

    /// Lists what was read of a document, in every run: some pages, those after one.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn pages(
        &mut self,
        document: DocumentId,
        after: Option<(TaskId, PageNumber)>,
        max_rows: u32,
    ) -> Result<Vec<SealedPage>> {
        let (task, number) = after.unzip();
        let rows = sqlx::query!(
            r#"select p.task_id, p.page_number, p.content_sealed as "content_sealed!"
            from pages p
            join tasks t on t.id = p.task_id
            where t.document_id = $1 and p.content_sealed is not null
                and ($2::uuid is null or (p.task_id, p.page_number) > ($2, $3::integer))
            order by p.task_id, p.page_number
            limit $4"#,
            document.as_uuid(),
            task.map(TaskId::as_uuid),
            number.map(|number| count_column(number.get())),
            i64::from(max_rows),
        )
        .fetch_all(&mut self.conn)
        .await?;
        rows.into_iter()
            .map(|row| {
                let at = Row { table: "pages", id: &row.task_id };
                let number = at.page("page_number", row.page_number)?;
                Ok(SealedPage { task: row.task_id.into(), number, content: row.content_sealed })
            })
            .collect()
    }
}

struct DocumentRow {
    id: Uuid,
    owner_id: Uuid,
    owner_key_version: i32,
    wrapped_key: Vec<u8>,
    metadata_sealed: Vec<u8>,
}

impl TryFrom<DocumentRow> for SealedDocument {
    type Error = crate::Error;

    fn try_from(row: DocumentRow) -> Result<Self> {
        let at = Row { table: "documents", id: &row.id };
        let owner_key_version = at.number("owner_key_version", row.owner_key_version)?;
        Ok(Self {
            id: row.id.into(),
            owner: row.owner_id.into(),
            key: WrappedDocumentKey { owner_key_version, wrapped: row.wrapped_key },
            metadata: row.metadata_sealed,
        })
    }
}
