use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::domain::{OwnerId, UserId};
use untxt_database::{PgConnection, usage};
use utoipa::ToSchema;

use super::Allowance;
use crate::{
    App, extract,
    extract::Path,
    problem::ApiError,
    session::{Actor, refuse_stale},
};

/// The most that can be asked for: what the database counts with.
const MOST: u64 = i64::MAX.unsigned_abs();

#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub(super) struct Shown {
    /// Read in this month of the calendar (UTC), and still to be read of what waits.
    pages: u64,
    /// Null: as many as one likes.
    pages_per_month: Option<u64>,
    /// When pages are counted anew.
    #[serde(with = "time::serde::rfc3339")]
    next_month: OffsetDateTime,
    /// Of files, the trash included.
    bytes: u64,
    /// Null: as many as one likes.
    max_bytes: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = UsageLimits)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Null: as the server has it; 0: none at all.
    pages_per_month: Option<u64>,
    max_bytes: Option<u64>,
}

/// Says what the person has used and may use.
#[utoipa::path(get, path = "/api/v1/account/usage", responses((status = 200, description = "as it is", body = Shown)))]
pub(super) async fn show_own(State(app): State<Arc<App>>, actor: Actor) -> Result<Json<Shown>, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let shown = load(&app, &mut tx, actor.owner()).await?;
    tx.commit().await?;
    Ok(Json(shown))
}

/// Says what somebody has used and may use, for administrators.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user}/limits",
    responses((status = 200, description = "as it is", body = Shown)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(person): Path<UserId>,
) -> Result<Json<Shown>, ApiError> {
    let mut tx = actor.begin_as_admin(&app).await?;
    let shown = load(&app, &mut tx, person.as_owner()).await?;
    tx.commit().await?;
    Ok(Json(shown))
}

/// Sets what somebody may use, from now on. What is there already stays.
#[utoipa::path(
    put,
    path = "/api/v1/users/{user}/limits",
    request_body = Wish,
    responses((status = 200, description = "as it is now", body = Shown)),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(person): Path<UserId>,
    extract::Json(Wish { pages_per_month, max_bytes }): extract::Json<Wish>,
) -> Result<Json<Shown>, ApiError> {
    if pages_per_month.max(max_bytes).is_some_and(|limit| limit > MOST) {
        return Err(ApiError::BadRequest("a limit is a number below 2^63, or null"));
    }
    let mut tx = actor.begin_as_admin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let quota = usage::Quota { pages_per_month, bytes: max_bytes };
    if !usage::set_quota(&mut tx, actor.user, person, quota).await? {
        return Err(ApiError::UserNotFound);
    }
    let shown = load(&app, &mut tx, person.as_owner()).await?;
    tx.commit().await?;
    Ok(Json(shown))
}

async fn load(app: &App, conn: &mut PgConnection, owner: OwnerId) -> Result<Shown, ApiError> {
    let found = Allowance::of(conn, &app.limits, owner).await?.ok_or(ApiError::UserNotFound)?;
    let Allowance { usage, pages, bytes } = found;
    Ok(Shown {
        pages: usage.pages,
        pages_per_month: pages,
        next_month: usage.next_month,
        bytes: usage.bytes,
        max_bytes: bytes,
    })
}
