//! What is left of documents that were shredded: a receipt, and before it is signed the line that it will be made of.

use std::sync::Arc;

use axum::{Json, extract::State};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::{
    domain::{DocumentId, ShredReason, UserId},
    receipts::Shred,
};
use untxt_database::shreds;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App,
    extract::{Path, Query},
    problem::ApiError,
    session::Actor,
};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show_keys)).routes(routes!(show))
}

/// A receipt as the owner of the document sees it.
#[derive(Serialize, ToSchema)]
struct Receipt {
    document: DocumentId,
    reason: ShredReason,
    #[serde(with = "time::serde::rfc3339")]
    requested_at: OffsetDateTime,
    /// Null: a rule.
    requested_by: Option<UserId>,
    #[serde(with = "time::serde::rfc3339")]
    shredded_at: OffsetDateTime,
    /// `removing` until the store has no object of it any more and the receipt is signed.
    state: &'static str,
    /// The signed bytes, in Base64.
    receipt: Option<String>,
    signature: Option<String>,
    signing_key: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    limit: Option<u32>,
    before: Option<DocumentId>,
}

#[derive(Serialize, ToSchema)]
struct Receipts {
    receipts: Vec<Receipt>,
    /// Pass it as `before` to get the next, older ones; none at the end.
    next: Option<DocumentId>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ReceiptKeys)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ReceiptKey)]
struct Key {
    id: String,
    pem: String,
}

impl From<Shred> for Receipt {
    fn from(shred: Shred) -> Self {
        let signed = shred.signed.as_ref();
        Self {
            document: shred.document,
            reason: shred.reason,
            requested_at: shred.requested_at,
            requested_by: shred.requested_by,
            shredded_at: shred.shredded_at,
            state: if signed.is_some() { "signed" } else { "removing" },
            receipt: signed.map(|signed| BASE64_STANDARD.encode(&signed.receipt)),
            signature: signed.map(|signed| BASE64_STANDARD.encode(&signed.signature)),
            signing_key: signed.map(|signed| signed.signing_key.clone()),
        }
    }
}

/// Lists the person's receipts, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/receipts",
    params(Page),
    responses((status = 200, description = "newest first", body = Receipts)),
)]
async fn list(State(app): State<Arc<App>>, actor: Actor, Query(page): Query<Page>) -> Result<Json<Receipts>, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let mut tx = actor.begin(&app).await?;
    // One more than asked for says whether there is a next page.
    let mut found = shreds::list(&mut tx, actor.owner(), page.before, limit + 1).await?;
    tx.commit().await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| has_more).map(|shred| shred.document);
    Ok(Json(Receipts { receipts: found.into_iter().map(Receipt::from).collect(), next }))
}

#[utoipa::path(
    get,
    path = "/api/v1/receipts/{document}",
    responses((status = 200, description = "the receipt", body = Receipt)),
)]
async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(document): Path<DocumentId>,
) -> Result<Json<Receipt>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let shred = shreds::find(&mut tx, document).await?.ok_or(ApiError::ReceiptNotFound)?;
    tx.commit().await?;
    Ok(Json(shred.into()))
}

/// Gives the public keys that check receipts, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/receipts/key",
    responses((status = 200, description = "the newest first", body = Keys)),
)]
async fn show_keys(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Keys>, ApiError> {
    actor.begin(&app).await?.commit().await?;
    let keys = app.signing_keys.iter().map(|key| Key { id: key.id(), pem: key.to_pem() }).collect();
    Ok(Json(Keys { keys }))
}
