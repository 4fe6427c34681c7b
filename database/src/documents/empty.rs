use sqlx::PgConnection;
use untxt_core::domain::{DocumentId, OwnerId};

use crate::{Result, row::Row};

/// What became of some of what was in the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emptied {
    /// A worker shreds them now.
    pub due: u64,
    /// The rule of a folder or a legal hold keeps them; they are shredded when it no longer does.
    pub retained: u64,
    /// Behind which to go on.
    pub last: DocumentId,
}

/// Makes documents due that the actor has in the trash, in the order of their ids, at most `max_rows`, those behind one of
/// them; `None`: there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn empty_trash(
    conn: &mut PgConnection,
    owner: OwnerId,
    after: Option<DocumentId>,
    max_rows: u32,
) -> Result<Option<Emptied>> {
    let row = sqlx::query!(
        r#"with chosen as (
            select id
            from documents
            where owner_id = $1 and trashed_at is not null and ($2::uuid is null or id > $2)
            order by id
            limit $3
            -- Whoever takes one back is waited for, and it is left where it is.
            for no key update
        ), emptied as (
            update documents
            set shred_at = greatest(documents.trashed_at, now.at, r.keep_until)
            from chosen
            join document_retention r on r.document_id = chosen.id
            cross join (select clock_timestamp() as at) as now
            where documents.id = chosen.id and documents.trashed_at is not null
            returning
                documents.id,
                r.keep_until > now.at is true or is_held(documents.id, documents.owner_id) as is_retained
        )
        select
            count(*) filter (where not is_retained) as "due!",
            count(*) filter (where is_retained) as "retained!",
            (select id from chosen order by id desc limit 1) as last
        from emptied"#,
        owner.as_uuid(),
        after.map(DocumentId::as_uuid),
        i64::from(max_rows),
    )
    .fetch_one(conn)
    .await?;
    let Some(last) = row.last else { return Ok(None) };
    let at = Row { table: "documents", id: &"some" };
    let (due, retained) = (at.number("count", row.due)?, at.number("count", row.retained)?);
    Ok(Some(Emptied { due, retained, last: last.into() }))
}

/// Says whether a document of the actor is to be shredded now: then it is as good as gone, and nobody takes it back.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_due(conn: &mut PgConnection, id: DocumentId) -> Result<bool> {
    let is_due = sqlx::query_scalar!(
        r#"select exists (
            select
            from documents
            where id = $1 and trashed_at is not null and shred_at <= clock_timestamp() and not is_held(id, owner_id)
        ) as "is_due!""#,
        id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(is_due)
}
