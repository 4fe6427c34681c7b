//! The record of what was done, for administrators and auditors: looked through, and taken out whole.
//!
//! It promises that a filter is made of ids, times and words of closed lists, never of text that reaches the database. That only
//! administrators and auditors get here is said twice: by the table of operations, and by the database. It refuses to write: that is done for every
//! route alike, elsewhere.

mod export;
mod list;

use std::sync::Arc;

use untxt_database::{Transaction, audit};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, problem::ApiError, session::Actor};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(export::export))
}

/// Begins a transaction of somebody who may read the record.
async fn begin_as_auditor(app: &App, actor: &Actor) -> Result<Transaction, ApiError> {
    let mut tx = actor.begin(app).await?;
    if audit::may_read(&mut tx).await? { Ok(tx) } else { Err(ApiError::NotAllowed) }
}
