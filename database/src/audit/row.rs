use time::OffsetDateTime;
use untxt_core::audit::AuditRow;
use uuid::Uuid;

/// A row as every query of it gives it: the address in text, the mark in hexadecimal.
#[derive(sqlx::FromRow)]
pub(super) struct EventRow {
    pub(super) position: i64,
    pub(super) at: OffsetDateTime,
    pub(super) action: String,
    pub(super) outcome: String,
    pub(super) actor: Option<Uuid>,
    pub(super) session_id: Option<Uuid>,
    pub(super) token_id: Option<Uuid>,
    pub(super) owner_id: Option<Uuid>,
    pub(super) object_kind: Option<String>,
    pub(super) object_id: Option<Uuid>,
    pub(super) page_number: Option<i32>,
    pub(super) address: Option<String>,
    pub(super) request_id: Option<Uuid>,
    pub(super) count: Option<i64>,
    pub(super) detail: Option<String>,
    pub(super) login_mark: Option<String>,
}

impl From<EventRow> for AuditRow {
    fn from(row: EventRow) -> Self {
        Self {
            number: None,
            position: row.position,
            at: row.at,
            action: row.action,
            outcome: row.outcome,
            actor: row.actor,
            session: row.session_id,
            token: row.token_id,
            owner: row.owner_id,
            object_kind: row.object_kind,
            object: row.object_id,
            page: row.page_number,
            address: row.address,
            request: row.request_id,
            count: row.count,
            detail: row.detail,
            login_mark: row.login_mark,
        }
    }
}
