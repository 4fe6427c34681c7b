use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, FolderId, Right, ShareId, TeamId, UserId};
use untxt_database::shares::{self, Grantee, Object};
use utoipa::ToSchema;

use super::right::require_management;
use crate::{App, extract::Path, problem::ApiError, session::Actor};

/// A share as those see it who may change it.
#[derive(Serialize, ToSchema)]
pub(super) struct Share {
    id: ShareId,
    with: With,
    right: Right,
    granted_by: UserId,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    ends_at: Option<OffsetDateTime>,
    /// It is as if it were not there until then.
    #[serde(with = "time::serde::rfc3339::option")]
    paused_until: Option<OffsetDateTime>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SharedWith)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum With {
    Person { id: UserId, name: String },
    Team { id: TeamId, name: String },
}

#[derive(Serialize, ToSchema)]
pub(super) struct Shares {
    shares: Vec<Share>,
}

impl From<shares::Share> for Share {
    fn from(share: shares::Share) -> Self {
        let name = share.name;
        Self {
            id: share.id,
            with: match share.grantee {
                Grantee::User(id) => With::Person { id, name },
                Grantee::Team(id) => With::Team { id, name },
            },
            right: share.right,
            granted_by: share.granted_by,
            created_at: share.created_at,
            ends_at: share.ends_at,
            paused_until: share.paused_until,
        }
    }
}

/// Lists with whom a document is shared.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/shares",
    responses((status = 200, description = "all of them", body = Shares)),
)]
pub(super) async fn of_document(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<DocumentId>,
) -> Result<Json<Shares>, ApiError> {
    list(&app, &actor, Object::Document(id)).await
}

/// Lists with whom a folder is shared.
#[utoipa::path(
    get,
    path = "/api/v1/folders/{folder}/shares",
    responses((status = 200, description = "all of them", body = Shares)),
)]
pub(super) async fn of_folder(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<FolderId>,
) -> Result<Json<Shares>, ApiError> {
    list(&app, &actor, Object::Folder(id)).await
}

async fn list(app: &App, actor: &Actor, object: Object) -> Result<Json<Shares>, ApiError> {
    let mut tx = actor.begin(app).await?;
    require_management(&mut tx, object).await?;
    let shares = shares::list(&mut tx, object).await?;
    tx.commit().await?;
    Ok(Json(Shares { shares: shares.into_iter().map(Share::from).collect() }))
}
