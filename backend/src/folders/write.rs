//! Making folders, and changing them. Whoever does has the lock of the owner, so that what was checked still holds when it is
//! written.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Deserialize;
use untxt_core::{
    crypto::LabelKey,
    domain::{Colour, FolderId, Retention},
};
use untxt_database::{
    PgConnection,
    folders::{self, FolderContent, Place},
    labels::lock,
};
use utoipa::ToSchema;

use super::{Folder, open_names, refuse_loss};
use crate::{
    App,
    access::Subject,
    extract,
    labels::{self, check_colour, check_name, damaged, present, refuse_taken},
    problem::ApiError,
    session::Actor,
};

/// Folders of one owner; all of them are in every list.
const MAX_FOLDERS: u64 = 1000;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewFolder)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    parent: Option<FolderId>,
    colour: Option<String>,
    retention: Option<Days>,
}

/// What is left out stays as it is; `parent` null puts it into none.
#[derive(Deserialize, ToSchema)]
#[schema(as = FolderChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    parent: Option<Option<FolderId>>,
    colour: Option<String>,
    retention: Option<Days>,
}

/// A rule as somebody gave it, before it is checked; null: none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    #[serde(default, deserialize_with = "present")]
    keep_days: Option<Option<i64>>,
    #[serde(default, deserialize_with = "present")]
    delete_days: Option<Option<i64>>,
}

/// Makes a folder: 201.
#[utoipa::path(
    post,
    path = "/api/v1/folders",
    request_body = New,
    responses((status = 201, description = "made", body = Folder)),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(new): extract::Json<New>,
) -> Result<(StatusCode, Subject, Json<Folder>), ApiError> {
    let name = check_name(&new.name)?;
    let colour = new.colour.as_deref().map_or(Ok(Colour::DEFAULT), check_colour)?;
    let retention = new.retention.map_or(Ok(Retention::default()), |days| days.check(Retention::default()))?;
    let _turn = app.turns.take(actor.owner()).await?;
    let key = labels::key(&app, &actor).await?;
    let (id, owner, parent) = (FolderId::generate(), actor.owner(), new.parent);
    let mut tx = actor.begin(&app).await?;
    lock(&mut tx, owner).await?;
    if folders::count(&mut tx, owner).await? >= MAX_FOLDERS {
        return Err(ApiError::TooManyFolders);
    }
    refuse_bad_place(&mut tx, None, parent).await?;
    refuse_taken([&name], &open_names(&mut tx, owner, &key, parent, None).await?)?;
    let name_sealed = &key.seal_folder_name(id, &name)?;
    folders::insert(&mut tx, id, owner, &FolderContent { parent, name_sealed, colour, retention }).await?;
    let folder = load(&mut tx, id, &key).await?;
    tx.commit().await?;
    let subject = Subject { owner: Some(owner), object: Some(id.into()), ..Subject::default() };
    Ok((StatusCode::CREATED, subject, Json(folder)))
}

/// Renames a folder, puts it elsewhere, or changes how it is shown and how long what is in it stays.
#[utoipa::path(
    patch,
    path = "/api/v1/folders/{folder}",
    request_body = Change,
    responses((status = 200, description = "as it is then", body = Folder)),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<FolderId>,
    extract::Json(change): extract::Json<Change>,
) -> Result<Json<Folder>, ApiError> {
    let name = change.name.as_deref().map(check_name).transpose()?;
    let colour = change.colour.as_deref().map(check_colour).transpose()?;
    let _turn = app.turns.take(actor.owner()).await?;
    let key = labels::find_key(&app, &actor).await?.ok_or(ApiError::FolderNotFound)?;
    let mut tx = actor.begin(&app).await?;
    lock(&mut tx, actor.owner()).await?;
    let found = folders::find(&mut tx, id).await?.ok_or(ApiError::FolderNotFound)?;
    let retention = change.retention.as_ref().map_or(Ok(found.retention), |days| days.check(found.retention))?;
    let parent = change.parent.unwrap_or(found.parent);
    if parent != found.parent {
        refuse_bad_place(&mut tx, Some(id), parent).await?;
    }
    if parent != found.parent && change.retention.is_none() && found.retention.keep_days.is_none() {
        refuse_loss(&mut tx, id, parent).await?;
    }
    if parent != found.parent || name.is_some() {
        let kept = || key.open_folder_name(id, &found.name_sealed).map_err(damaged(id));
        let name = name.clone().map_or_else(kept, Ok)?;
        refuse_taken([&name], &open_names(&mut tx, actor.owner(), &key, parent, Some(id)).await?)?;
    }
    let sealed = name.map(|name| key.seal_folder_name(id, &name)).transpose()?;
    let content = FolderContent {
        parent,
        name_sealed: sealed.as_ref().unwrap_or(&found.name_sealed),
        colour: colour.unwrap_or(found.colour),
        retention,
    };
    folders::update(&mut tx, id, &content).await?;
    let folder = load(&mut tx, id, &key).await?;
    tx.commit().await?;
    Ok(Json(folder))
}

async fn load(conn: &mut PgConnection, id: FolderId, key: &LabelKey) -> Result<Folder, ApiError> {
    Folder::open(&folders::find(conn, id).await?.ok_or(ApiError::FolderNotFound)?, key)
}

async fn refuse_bad_place(
    conn: &mut PgConnection,
    folder: Option<FolderId>,
    parent: Option<FolderId>,
) -> Result<(), ApiError> {
    match folders::place(conn, folder, parent).await? {
        Place::Good => Ok(()),
        Place::NoParent => Err(ApiError::FolderNotFound),
        Place::InItself => Err(ApiError::FolderInItself),
        Place::TooDeep => Err(ApiError::TooDeep),
    }
}

impl Days {
    /// Gives the rule from then on; what is left out stays as it was.
    fn check(&self, before: Retention) -> Result<Retention, ApiError> {
        let changed = |given: Option<Option<i64>>, before: Option<u32>| match given {
            None => Ok(before),
            Some(days) => days.map(u32::try_from).transpose().map_err(|_| ApiError::InvalidRetention),
        };
        let retention = Retention {
            keep_days: changed(self.keep_days, before.keep_days)?,
            delete_days: changed(self.delete_days, before.delete_days)?,
        };
        if retention.is_valid() { Ok(retention) } else { Err(ApiError::InvalidRetention) }
    }
}
