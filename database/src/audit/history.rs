use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, UserId};

use crate::Result;

/// Something that was done with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentDeed {
    /// Its place in the record.
    pub position: i64,
    /// When.
    pub at: OffsetDateTime,
    /// An [`untxt_core::audit::AuditAction`].
    pub action: String,
    /// An [`untxt_core::audit::AuditOutcome`].
    pub outcome: String,
    /// Who; `None`: nobody known, or the platform itself.
    pub actor: Option<UserId>,
    /// Their login, as long as there is one.
    pub login: Option<String>,
    /// Which page.
    pub page: Option<i32>,
    /// Of how many things.
    pub count: Option<i64>,
    /// An [`untxt_core::audit::AuditDetail`].
    pub detail: Option<String>,
}

/// Lists what was done with a document, newest first, before a position when one is given, at most `limit`; `None`: the actor may
/// not manage it, or there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn history(
    conn: &mut PgConnection,
    document: DocumentId,
    before: Option<i64>,
    limit: u32,
) -> Result<Option<Vec<DocumentDeed>>> {
    let document = document.as_uuid();
    let may_see =
        sqlx::query_scalar!(r#"select may_see_history($1) as "may_see!""#, document).fetch_one(&mut *conn).await?;
    if !may_see {
        return Ok(None);
    }
    let rows = sqlx::query!(
        r#"select
            row_position as "position!",
            at as "at!",
            action as "action!",
            outcome as "outcome!",
            actor,
            login,
            page_number,
            count,
            detail
        from list_document_history($1, $2, $3)"#,
        document,
        before,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    let deeds = rows.into_iter().map(|row| DocumentDeed {
        position: row.position,
        at: row.at,
        action: row.action,
        outcome: row.outcome,
        actor: row.actor.map(UserId::from),
        login: row.login,
        page: row.page_number,
        count: row.count,
        detail: row.detail,
    });
    Ok(Some(deeds.collect()))
}
