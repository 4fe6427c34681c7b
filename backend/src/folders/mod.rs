//! Folders: where people file documents, and how long what is in them stays.
//!
//! It promises that names are unique among neighbours, that no folder is in itself, and that what is in a folder which is
//! deleted goes to its parent. Folders of others look like those that don't exist.

mod delete;
mod list;
mod write;

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{
    crypto::LabelKey,
    domain::{FolderId, LabelName, OwnerId, Retention},
};
use untxt_database::{PgConnection, folders};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, extract::Query, labels::damaged, problem::ApiError, session::Actor};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, write::create)).routes(routes!(write::change, delete::delete))
}

/// Gives all of the person's folders as the list does.
pub(crate) async fn export(app: &Arc<App>, actor: Actor) -> Result<impl Serialize + use<>, ApiError> {
    Ok(list::list(State(Arc::clone(app)), actor, Query(list::Which { shared: None })).await?.0)
}

/// A folder as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
struct Folder {
    id: FolderId,
    parent: Option<FolderId>,
    name: String,
    colour: String,
    /// Its own rule; where it has none, that of the nearest folder above counts.
    retention: Retention,
    /// How many are in it, not counting those in folders in it.
    documents: u64,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl Folder {
    fn open(found: &folders::Folder, key: &LabelKey) -> Result<Self, ApiError> {
        let name = key.open_folder_name(found.id, &found.name_sealed).map_err(damaged(found.id))?;
        Ok(Self {
            id: found.id,
            parent: found.parent,
            name: name.as_str().to_owned(),
            colour: found.colour.to_string(),
            retention: found.retention,
            documents: found.documents,
            created_at: found.created_at,
        })
    }
}

/// Opens the names of all folders that are in one, or in none, but for one.
async fn open_names(
    conn: &mut PgConnection,
    owner: OwnerId,
    key: &LabelKey,
    parent: Option<FolderId>,
    but: Option<FolderId>,
) -> Result<Vec<LabelName>, ApiError> {
    let sealed = folders::list_names(conn, owner, parent).await?;
    let others = sealed.into_iter().filter(|(id, _)| Some(*id) != but);
    others.map(|(id, sealed)| key.open_folder_name(id, &sealed).map_err(damaged(id))).collect()
}

/// Refuses to have what is in a folder kept for less time, because the rule of its new parent would hold for it: a rule ends
/// when somebody changes it, and not by the way.
async fn refuse_loss(conn: &mut PgConnection, id: FolderId, parent: Option<FolderId>) -> Result<(), ApiError> {
    match folders::find_keep_until(conn, id).await? {
        Some((days, until)) if folders::find_keep_days(conn, parent).await? < days => {
            Err(ApiError::Retained { until: Some(until) })
        }
        _ => Ok(()),
    }
}
