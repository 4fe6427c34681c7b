use serde_json::Value;
use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, FolderId, OwnerId, TagId};
use uuid::Uuid;

use super::{Reading, Segment};
use crate::{Result, row::Row};

/// Tokens that readings must have: for each segment, newest first, clauses that must all be met; a clause is met by all
/// tokens of one of its lists.
pub type Wanted = Vec<Vec<Vec<Vec<i64>>>>;

/// Which of the actor's documents are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these.
    pub documents: Option<Vec<DocumentId>>,
    /// Only those with this id or a later one; ids are ordered by time.
    pub from: Option<Uuid>,
    /// Only those with an earlier id.
    pub before: Option<Uuid>,
    /// Only those that are directly in one of these.
    pub folders: Option<Vec<FolderId>>,
    /// Only those that have all of these, each named once.
    pub tags: Vec<TagId>,
    /// Only readings that stand behind this place: where another answer ended.
    pub after: Option<Place>,
}

/// Where a reading stands among those of its owner; the newest is the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its segment.
    pub segment: i32,
    /// Its number; those of one segment have one order.
    pub position: i64,
}

/// A reading that has the tokens that were looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub reading: Reading,
    /// Where it stands.
    pub place: Place,
}

/// Tokens of what one misread letter makes of the words of each clause: of those of the first segment that is wanted, then of
/// those of the second, and so on.
pub type Near = Vec<Vec<i64>>;

/// Lists the segments of the actor, newest first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_segments(conn: &mut PgConnection, owner: OwnerId) -> Result<Vec<Segment>> {
    let rows = sqlx::query!(
        "select index_generation, segment
        from search_segments
        where owner_id = $1
        order by segment desc, index_generation desc",
        owner.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    let at = Row { table: "search_segments", id: &owner };
    let segment =
        |generation: i32, segment| Ok(Segment { generation: at.number("index_generation", generation)?, segment });
    rows.into_iter().map(|row| segment(row.index_generation, row.segment)).collect()
}

/// Finds readings of the actor that have what is wanted, newest first, at most `limit`. They need not be shown.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, wanted: &Wanted, filter: &Filter, limit: u32) -> Result<Vec<Candidate>> {
    let FilterColumns { documents, folders, tags } = filter.columns();
    sqlx::query_as!(
        CandidateRow,
        r#"select
            document_id as "document_id!",
            task_id as "task_id!",
            page_number as "page_number!",
            segment as "segment!",
            position as "position!"
        from find_search_pages($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
        to_json(wanted),
        documents.as_deref(),
        filter.from,
        filter.before,
        folders.as_deref(),
        tags.as_deref(),
        filter.after.map(|place| place.segment),
        filter.after.map(|place| place.position),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Finds readings of the actor that have what is wanted, but not without a misread word, newest first, at most `limit`. They
/// need not be shown.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_near(
    conn: &mut PgConnection,
    wanted: &Wanted,
    near: &Near,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Candidate>> {
    let FilterColumns { documents, folders, tags } = filter.columns();
    let end = |end: &mut i32, tokens: &Vec<i64>| {
        *end = end.saturating_add(i32::try_from(tokens.len()).unwrap_or(i32::MAX));
        Some(*end)
    };
    let ends: Vec<_> = near.iter().scan(0, end).collect();
    sqlx::query_as!(
        CandidateRow,
        r#"select
            document_id as "document_id!",
            task_id as "task_id!",
            page_number as "page_number!",
            segment as "segment!",
            position as "position!"
        from find_near_search_pages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"#,
        to_json(wanted),
        &near.concat(),
        &ends,
        documents.as_deref(),
        filter.from,
        filter.before,
        folders.as_deref(),
        tags.as_deref(),
        filter.after.map(|place| place.segment),
        filter.after.map(|place| place.position),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

fn to_json(wanted: &Wanted) -> Value {
    Value::from(
        wanted
            .iter()
            .map(|clauses| Value::from(clauses.iter().map(|lists| Value::from(lists.clone())).collect::<Vec<_>>()))
            .collect::<Vec<_>>(),
    )
}

impl Filter {
    fn columns(&self) -> FilterColumns {
        FilterColumns {
            documents: self.documents.as_ref().map(|ids| ids.iter().map(|id| id.as_uuid()).collect()),
            folders: self.folders.as_ref().map(|ids| ids.iter().map(|id| id.as_uuid()).collect()),
            tags: (!self.tags.is_empty()).then(|| self.tags.iter().map(|id| id.as_uuid()).collect()),
        }
    }
}

/// Lists of ids; `None` when they don't matter.
struct FilterColumns {
    documents: Option<Vec<Uuid>>,
    folders: Option<Vec<Uuid>>,
    tags: Option<Vec<Uuid>>,
}

struct CandidateRow {
    document_id: Uuid,
    task_id: Uuid,
    page_number: i32,
    segment: i32,
    position: i64,
}

impl TryFrom<CandidateRow> for Candidate {
    type Error = crate::Error;

    fn try_from(row: CandidateRow) -> Result<Self> {
        let page = Row { table: "search_pages", id: &row.task_id }.page("page_number", row.page_number)?;
        let reading = Reading { document: row.document_id.into(), task: row.task_id.into(), page };
        Ok(Self { reading, place: Place { segment: row.segment, position: row.position } })
    }
}
