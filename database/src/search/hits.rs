use std::collections::HashMap;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::{
    crypto::WrappedDocumentKey,
    domain::{DocumentId, FailureCode, OwnerId},
};
use uuid::Uuid;

use super::Reading;
use crate::{
    Result,
    row::{Row, page_column},
    tasks,
};

/// A reading that its document shows, with what it takes to open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which.
    pub reading: Reading,
    /// Whose.
    pub owner: OwnerId,
    /// Key of the document.
    pub key: WrappedDocumentKey,
    /// Sealed `DocumentMetadata`.
    pub metadata_sealed: Vec<u8>,
    /// When the document was accepted.
    pub created_at: OffsetDateTime,
    /// Sealed `PageContent`.
    pub content_sealed: Vec<u8>,
}

/// Loads those of these readings of the actor that are shown: not those that another reading has replaced, and none of a
/// document in quarantine or in the trash. In the order in which they were asked for.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn load_hits(conn: &mut PgConnection, readings: &[Reading]) -> Result<Vec<Hit>> {
    let documents: Vec<_> = readings.iter().map(|reading| reading.document.as_uuid()).collect();
    let tasks: Vec<_> = readings.iter().map(|reading| reading.task.as_uuid()).collect();
    let pages: Vec<_> = readings.iter().map(|reading| page_column(reading.page)).collect();
    let rows = sqlx::query_as!(
        HitRow,
        r#"select
            d.id,
            d.owner_id,
            d.owner_key_version,
            d.wrapped_key,
            d.metadata_sealed,
            d.created_at,
            s.result_task_id as "task_id!",
            s.page_number as "page_number!",
            s.content_sealed as "content_sealed!"
        from unnest($1::uuid[], $2::uuid[], $3::integer[]) with ordinality
            as r (document_id, task_id, page_number, place)
        join documents d on d.id = r.document_id and d.trashed_at is null
        cross join lateral (
            select id from tasks
            where document_id = d.id and not is_void
            order by created_at desc, id desc
            limit 1
        ) t
        join shown_pages s
            on s.task_id = t.id
                and s.page_number = r.page_number
                and s.result_task_id = r.task_id
                and s.state = 'done'
        order by r.place"#,
        &documents,
        &tasks,
        &pages,
    )
    .fetch_all(&mut *conn)
    .await?;
    let quarantined = find_quarantined(conn, &documents).await?;
    let is_free = |row: &HitRow| !quarantined.contains_key(&row.id);
    rows.into_iter().filter(is_free).map(TryInto::try_into).collect()
}

/// Finds which of these documents are in quarantine. Only those in which the scanner ever found something are looked at.
async fn find_quarantined(conn: &mut PgConnection, documents: &[Uuid]) -> Result<HashMap<Uuid, ()>> {
    let suspects = sqlx::query_scalar!(
        "select distinct document_id from tasks where document_id = any($1) and failure_code = $2",
        documents,
        FailureCode::MalwareFound.as_str(),
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut quarantined = HashMap::new();
    for suspect in suspects {
        if tasks::is_quarantined(conn, suspect.into()).await? {
            quarantined.insert(suspect, ());
        }
    }
    Ok(quarantined)
}

struct HitRow {
    id: Uuid,
    owner_id: Uuid,
    owner_key_version: i32,
    wrapped_key: Vec<u8>,
    metadata_sealed: Vec<u8>,
    created_at: OffsetDateTime,
    task_id: Uuid,
    page_number: i32,
    content_sealed: Vec<u8>,
}

impl TryFrom<HitRow> for Hit {
    type Error = crate::Error;

    fn try_from(row: HitRow) -> Result<Self> {
        let document: DocumentId = row.id.into();
        let owner_key_version =
            Row { table: "documents", id: &row.id }.number("owner_key_version", row.owner_key_version)?;
        let page = Row { table: "pages", id: &row.task_id }.page("page_number", row.page_number)?;
        Ok(Self {
            reading: Reading { document, task: row.task_id.into(), page },
            owner: row.owner_id.into(),
            key: WrappedDocumentKey { owner_key_version, wrapped: row.wrapped_key },
            metadata_sealed: row.metadata_sealed,
            created_at: row.created_at,
            content_sealed: row.content_sealed,
        })
    }
}
