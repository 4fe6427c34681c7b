use std::{str::FromStr, sync::Arc};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use untxt_core::{
    audit::{AuditAction, AuditCategory, AuditObjectKind, AuditOutcome, AuditRow, AuditSeverity},
    domain::UserId,
};
use untxt_database::audit::{self, AuditFilter};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::begin_as_auditor;
use crate::{App, extract::Query, problem::ApiError, session::Actor};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<u32>,
    before: Option<i64>,
    actor: Option<UserId>,
    #[param(inline)]
    action: Option<AuditAction>,
    #[param(inline)]
    outcome: Option<AuditOutcome>,
    #[param(inline)]
    object_kind: Option<AuditObjectKind>,
    object: Option<Uuid>,
    #[serde(default, with = "rfc3339::option")]
    from: Option<OffsetDateTime>,
    #[serde(default, with = "rfc3339::option")]
    to: Option<OffsetDateTime>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditRows)]
pub(super) struct Rows {
    rows: Vec<Row>,
    /// Pass it as `before` to get the next, older ones; none at the end.
    next: Option<i64>,
}

/// A row of the record.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub(crate) struct Row {
    position: i64,
    #[serde(with = "rfc3339")]
    at: OffsetDateTime,
    action: String,
    category: Option<AuditCategory>,
    severity: Option<AuditSeverity>,
    outcome: String,
    actor: Option<Uuid>,
    session: Option<Uuid>,
    token: Option<Uuid>,
    owner: Option<Uuid>,
    object_kind: Option<String>,
    object: Option<Uuid>,
    page: Option<i32>,
    address: Option<String>,
    request: Option<Uuid>,
    count: Option<i64>,
    detail: Option<String>,
    /// The same for the same login that is nobody's.
    login_mark: Option<String>,
}

impl From<AuditRow> for Row {
    fn from(row: AuditRow) -> Self {
        let action = AuditAction::from_str(&row.action).ok();
        let outcome = AuditOutcome::from_str(&row.outcome).ok();
        Self {
            position: row.position,
            at: row.at,
            category: action.map(AuditAction::category),
            severity: action.zip(outcome).map(|(action, outcome)| action.severity(outcome)),
            action: row.action,
            outcome: row.outcome,
            actor: row.actor,
            session: row.session,
            token: row.token,
            owner: row.owner,
            object_kind: row.object_kind,
            object: row.object,
            page: row.page,
            address: row.address,
            request: row.request,
            count: row.count,
            detail: row.detail,
            login_mark: row.login_mark,
        }
    }
}

/// Lists the record, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    params(Page),
    responses((status = 200, description = "lines, newest first", body = Rows)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Query(page): Query<Page>,
) -> Result<Json<Rows>, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let Page { before, action, outcome, object_kind, object, from, to, .. } = page;
    let filter = AuditFilter { actor: page.actor, action, outcome, object_kind, object, from, to };
    let mut tx = begin_as_auditor(&app, &actor).await?;
    // One more than asked for says whether there is a next page.
    let mut found = audit::list(&mut tx, &filter, before, limit + 1).await?;
    tx.commit().await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| has_more).map(|row| row.position);
    Ok(Json(Rows { rows: found.into_iter().map(Row::from).collect(), next }))
}
