use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use untxt_core::domain::{DocumentId, UserId};
use untxt_database::audit::{self, DocumentDeed};

use crate::{
    App,
    extract::{Path, Query},
    problem::ApiError,
    session::Actor,
};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<u32>,
    before: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct History {
    deeds: Vec<Deed>,
    /// Pass it as `before` to get the next, older ones; none at the end.
    next: Option<i64>,
}

/// Something that was done with the document.
#[derive(Serialize)]
struct Deed {
    position: i64,
    #[serde(with = "rfc3339")]
    at: OffsetDateTime,
    action: String,
    outcome: String,
    /// Null: nobody known, or the platform itself.
    actor: Option<UserId>,
    login: Option<String>,
    page: Option<i32>,
    count: Option<i64>,
    detail: Option<String>,
}

impl From<DocumentDeed> for Deed {
    fn from(deed: DocumentDeed) -> Self {
        let DocumentDeed { position, at, action, outcome, actor, login, page, count, detail } = deed;
        Self { position, at, action, outcome, actor, login, page, count, detail }
    }
}

/// Lists who did what with a document, newest first, for whoever may manage it.
pub(super) async fn history(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(document): Path<DocumentId>,
    Query(page): Query<Page>,
) -> Result<Json<History>, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let mut tx = actor.begin(&app).await?;
    // One more than asked for says whether there is a next page.
    let found = audit::history(&mut tx, document, page.before, limit + 1).await?;
    tx.commit().await?;
    let mut found = found.ok_or(ApiError::DocumentNotFound)?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| has_more).map(|deed| deed.position);
    Ok(Json(History { deeds: found.into_iter().map(Deed::from).collect(), next }))
}
