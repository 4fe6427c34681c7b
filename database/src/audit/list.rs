use sqlx::{PgConnection, Postgres, QueryBuilder};
use time::OffsetDateTime;
use untxt_core::{
    audit::{AuditAction, AuditObjectKind, AuditOutcome, AuditRow},
    domain::UserId,
};
use uuid::Uuid;

use super::row::EventRow;
use crate::Result;

/// What is looked for in the record; nothing set: everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Done by this person.
    pub actor: Option<UserId>,
    /// Of this kind.
    pub action: Option<AuditAction>,
    /// That ended like this.
    pub outcome: Option<AuditOutcome>,
    /// Done to a thing of this kind.
    pub object_kind: Option<AuditObjectKind>,
    /// Done to this thing.
    pub object: Option<Uuid>,
    /// At this time or after it.
    pub from: Option<OffsetDateTime>,
    /// Before this time.
    pub to: Option<OffsetDateTime>,
}

/// Says whether the actor may read the record.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn may_read(conn: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select may_read_audit() as "may_read!""#).fetch_one(conn).await?)
}

/// Lists rows of the record, newest first, those before a position when one is given, at most `limit`. Who may not read it
/// finds it empty.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select
            position, at, action, outcome, actor, session_id, token_id, owner_id, object_kind, object_id, page_number,
            host(address) as address, request_id, count, detail, encode(login_mark, 'hex') as login_mark
        from audit_events
        where true",
    );
    if let Some(before) = before {
        query.push(" and position < ").push_bind(before);
    }
    if let Some(actor) = filter.actor {
        query.push(" and actor = ").push_bind(actor.as_uuid());
    }
    if let Some(action) = filter.action {
        query.push(" and action = ").push_bind(action.as_str());
    }
    if let Some(outcome) = filter.outcome {
        query.push(" and outcome = ").push_bind(outcome.as_str());
    }
    if let Some(kind) = filter.object_kind {
        query.push(" and object_kind = ").push_bind(kind.as_str());
    }
    if let Some(object) = filter.object {
        query.push(" and object_id = ").push_bind(object);
    }
    if let Some(from) = filter.from {
        query.push(" and at >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" and at < ").push_bind(to);
    }
    query.push(" order by position desc limit ").push_bind(i64::from(limit));
    let rows: Vec<EventRow> = query.build_query_as().fetch_all(conn).await?;
    Ok(rows.into_iter().map(AuditRow::from).collect())
}
