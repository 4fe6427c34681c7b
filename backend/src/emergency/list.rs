use std::{collections::HashMap, sync::Arc};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::{
    crypto::LabelKey,
    domain::{DocumentId, EmergencyId, UserId},
};
use untxt_database::{
    audit,
    emergency::{self, Emergency},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    documents::Owner,
    extract::Query,
    labels::{damaged, find_key_of},
    problem::ApiError,
    session::Actor,
};

/// Accesses in one answer.
const AT_ONCE: u32 = 50;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Those behind this one.
    before: Option<EmergencyId>,
    /// Those by which this document was or can be read.
    document: Option<DocumentId>,
}

/// Somebody read what nobody shared with them.
#[derive(Serialize, ToSchema)]
pub(super) struct EmergencyAccess {
    id: EmergencyId,
    by: By,
    /// Whose documents.
    owner: Owner,
    /// Which; null: all of them.
    document: Option<DocumentId>,
    /// A case number.
    reference: Option<String>,
    /// For whoever made it, administrators and auditors; null to others, or when the key that sealed it is gone.
    reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    ends_at: OffsetDateTime,
    /// When it was ended before.
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
    /// By whom; null: by nobody, or because whoever made it lost the role.
    ended_by: Option<UserId>,
    is_running: bool,
    /// How many documents were read by it.
    documents_read: u64,
    #[serde(with = "time::serde::rfc3339::option")]
    last_read_at: Option<OffsetDateTime>,
}

/// Who took it.
#[derive(Serialize, ToSchema)]
#[schema(as = EmergencyAccessBy)]
struct By {
    id: UserId,
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EmergencyAccesses {
    /// Newest first.
    emergency_accesses: Vec<EmergencyAccess>,
    /// Behind which there may be more; null: these are the last.
    next: Option<EmergencyId>,
}

/// Lists who took access in an emergency: to administrators and auditors all, to others what they took themselves and what was
/// taken of their own documents.
#[utoipa::path(
    get,
    path = "/api/v1/emergency-access",
    params(Page),
    responses((status = 200, description = "newest first", body = EmergencyAccesses)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Query(Page { before, document }): Query<Page>,
) -> Result<Json<EmergencyAccesses>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let found = emergency::list(&mut tx, document, before, AT_ONCE).await?;
    let is_watcher = audit::may_read(&mut tx).await?;
    tx.commit().await?;
    let mut keys = HashMap::new();
    for emergency in &found {
        let maker = emergency.made_by;
        if (is_watcher || maker == actor.user) && !keys.contains_key(&maker) {
            keys.insert(maker, find_key_of(&app, &actor, maker.as_owner()).await?);
        }
    }
    let next = (found.len() == AT_ONCE as usize).then(|| found.last().map(|last| last.id)).flatten();
    let open = |emergency: Emergency| {
        let key = keys.get(&emergency.made_by).and_then(Option::as_ref);
        EmergencyAccess::open(emergency, key)
    };
    let emergency_accesses = found.into_iter().map(open).collect::<Result<_, _>>()?;
    Ok(Json(EmergencyAccesses { emergency_accesses, next }))
}

impl EmergencyAccess {
    fn open(found: Emergency, key: Option<&LabelKey>) -> Result<Self, ApiError> {
        let reason = key.map(|key| key.open_emergency_reason(found.id, &found.reason_sealed)).transpose();
        Ok(Self {
            id: found.id,
            by: By { id: found.made_by, name: found.made_by_name },
            owner: Owner { id: found.owner, name: found.owner_name },
            document: found.document,
            reference: found.reference,
            reason: reason.map_err(damaged(found.id))?,
            created_at: found.created_at,
            ends_at: found.ends_at,
            ended_at: found.ended_at,
            ended_by: found.ended_by,
            is_running: found.is_running,
            documents_read: found.documents_read,
            last_read_at: found.last_read_at,
        })
    }
}
