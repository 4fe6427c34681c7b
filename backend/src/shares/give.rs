use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Deserialize;
use time::OffsetDateTime;
use untxt_core::{
    clock,
    domain::{DocumentId, FolderId, Right, ShareId},
};
use untxt_database::{
    Error, PgConnection,
    shares::{self, Grantee, NewShare, Object},
    teams,
};
use utoipa::ToSchema;

use super::{list::Share, right::require_management};
use crate::{App, extract, problem::ApiError, session::Actor};

/// Shares of one document or folder.
const MAX_SHARES: usize = 500;

const WITH_WHOM: ApiError = ApiError::BadRequest("name either a person by login, or a team by its name");

/// With whom, what they may do, and for how long.
#[derive(Deserialize, ToSchema)]
#[schema(as = ShareWish)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    login: Option<String>,
    team: Option<String>,
    right: Right,
    #[serde(default, with = "time::serde::rfc3339::option")]
    ends_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    paused_until: Option<OffsetDateTime>,
}

/// Shares a document: 201. A share with the same person or team gives way.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/shares",
    request_body = Wish,
    responses((status = 201, description = "shared", body = Share)),
)]
pub(super) async fn document(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<DocumentId>,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<(StatusCode, Json<Share>), ApiError> {
    give(&app, &actor, Object::Document(id), &wish).await
}

/// Shares a folder with everything that lies in it, also later.
#[utoipa::path(
    post,
    path = "/api/v1/folders/{folder}/shares",
    request_body = Wish,
    responses((status = 201, description = "shared", body = Share)),
)]
pub(super) async fn folder(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<FolderId>,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<(StatusCode, Json<Share>), ApiError> {
    give(&app, &actor, Object::Folder(id), &wish).await
}

/// Takes a share of a document back: it holds no more, at once.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}/shares/{share}",
    responses((status = 204, description = "taken back")),
)]
pub(super) async fn take_back_document(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path((document, share)): extract::Path<(DocumentId, ShareId)>,
) -> Result<StatusCode, ApiError> {
    take_back(&app, &actor, Object::Document(document), share).await
}

/// Takes a share of a folder back.
#[utoipa::path(
    delete,
    path = "/api/v1/folders/{folder}/shares/{share}",
    responses((status = 204, description = "taken back")),
)]
pub(super) async fn take_back_folder(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path((folder, share)): extract::Path<(FolderId, ShareId)>,
) -> Result<StatusCode, ApiError> {
    take_back(&app, &actor, Object::Folder(folder), share).await
}

async fn give(app: &App, actor: &Actor, object: Object, wish: &Wish) -> Result<(StatusCode, Json<Share>), ApiError> {
    let now = clock::now();
    if [wish.ends_at, wish.paused_until].into_iter().flatten().any(|time| time <= now) {
        return Err(ApiError::InvalidTime);
    }
    let mut tx = actor.begin(app).await?;
    require_management(&mut tx, object).await?;
    let grantee = wish.find_grantee(&mut tx).await?;
    if grantee == Grantee::User(actor.user) {
        return Err(ApiError::BadRequest("nobody shares with himself"));
    }
    let known = shares::list(&mut tx, object).await?;
    if known.len() >= MAX_SHARES && known.iter().all(|share| share.grantee != grantee) {
        return Err(ApiError::TooManyShares);
    }
    let new = NewShare {
        id: ShareId::generate(),
        object,
        grantee,
        right: wish.right,
        granted_by: actor.user,
        ends_at: wish.ends_at,
        paused_until: wish.paused_until,
    };
    shares::give(&mut tx, &new).await.map_err(of_giving)?;
    let given = shares::list(&mut tx, object).await?.into_iter().find(|share| share.id == new.id);
    let given = given.ok_or(ApiError::RightMissing)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(given.into())))
}

async fn take_back(app: &App, actor: &Actor, object: Object, id: ShareId) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin(app).await?;
    require_management(&mut tx, object).await?;
    if !shares::take_back(&mut tx, object, id).await? {
        return Err(ApiError::ShareNotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Wish {
    async fn find_grantee(&self, conn: &mut PgConnection) -> Result<Grantee, ApiError> {
        match (&self.login, &self.team) {
            (Some(login), None) => {
                let person = shares::find_person(conn, login).await?.ok_or(ApiError::PersonNotFound)?;
                Ok(Grantee::User(person))
            }
            (None, Some(name)) => {
                Ok(Grantee::Team(teams::find_by_name(conn, name).await?.ok_or(ApiError::TeamNotFound)?))
            }
            _ => Err(WITH_WHOM),
        }
    }
}

/// Says what it means that something can't be shared: the right, the object or the other one went away meanwhile.
fn of_giving(error: Error) -> ApiError {
    match error {
        Error::Conflict(constraint) if constraint == shares::RIGHT => ApiError::RightMissing,
        Error::Conflict(constraint) if constraint == "shares_user_id_fkey" => ApiError::PersonNotFound,
        Error::Conflict(constraint) if constraint == "shares_team_id_fkey" => ApiError::TeamNotFound,
        Error::NotFound(_) => ApiError::RightMissing,
        other => other.into(),
    }
}
