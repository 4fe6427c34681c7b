use std::{collections::HashMap, sync::Arc};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::{
    crypto::LabelKey,
    domain::{FolderId, OwnerId, Right},
};
use untxt_database::{
    folders,
    shares::{self, SharedFolder},
};
use utoipa::{IntoParams, ToSchema};

use super::Folder;
use crate::{
    App,
    documents::Owner,
    extract::Query,
    labels::{self, damaged},
    problem::ApiError,
    session::Actor,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// `with_me`: those of others.
    #[param(inline)]
    pub(super) shared: Option<SharedWith>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SharedWith {
    WithMe,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Folders {
    /// All of them, parents before what is in them.
    Own {
        folders: Vec<Folder>,
    },
    Shared {
        folders: Vec<Shared>,
    },
}

/// A folder of another that is shared with the person, or lies in one that is.
#[derive(Serialize, ToSchema)]
#[schema(as = SharedFolder)]
pub(super) struct Shared {
    id: FolderId,
    /// The folder that it lies in, if that is shared too.
    parent: Option<FolderId>,
    name: String,
    colour: String,
    owner: Owner,
    right: Right,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// Lists the person's folders, or those of others that are shared.
#[utoipa::path(
    get,
    path = "/api/v1/folders",
    params(Which),
    responses((status = 200, description = "all of them", body = Folders)),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Query(which): Query<Which>,
) -> Result<Json<Folders>, ApiError> {
    if let Some(SharedWith::WithMe) = which.shared {
        return Ok(Json(Folders::Shared { folders: list_shared(&app, &actor).await? }));
    }
    let Some(key) = labels::find_key(&app, &actor).await? else {
        return Ok(Json(Folders::Own { folders: Vec::new() }));
    };
    let mut tx = actor.begin(&app).await?;
    let found = folders::list(&mut tx, actor.owner()).await?;
    tx.commit().await?;
    let folders = found.iter().map(|found| Folder::open(found, &key)).collect::<Result<_, _>>()?;
    Ok(Json(Folders::Own { folders }))
}

async fn list_shared(app: &App, actor: &Actor) -> Result<Vec<Shared>, ApiError> {
    let mut tx = actor.begin(app).await?;
    let found = shares::list_folders(&mut tx).await?;
    let mut owners: Vec<_> = found.iter().map(|folder| folder.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let names: HashMap<_, _> = shares::list_names(&mut tx, &owners).await?.into_iter().collect();
    tx.commit().await?;
    let mut keys = HashMap::with_capacity(owners.len());
    for owner in owners {
        keys.extend(labels::find_key_of(app, actor, owner).await?.map(|key| (owner, key)));
    }
    // A folder whose owner has taken it back meanwhile has no key here any more.
    let open = |folder: SharedFolder| {
        let key = keys.get(&folder.owner)?;
        Some(Shared::open(folder, key, &names))
    };
    found.into_iter().filter_map(open).collect()
}

impl Shared {
    fn open(found: SharedFolder, key: &LabelKey, names: &HashMap<OwnerId, String>) -> Result<Self, ApiError> {
        let name = key.open_folder_name(found.id, &found.name_sealed).map_err(damaged(found.id))?;
        Ok(Self {
            id: found.id,
            parent: found.parent,
            name: name.as_str().to_owned(),
            colour: found.colour.to_string(),
            owner: Owner { id: found.owner, name: names.get(&found.owner).cloned() },
            right: found.right,
            created_at: found.created_at,
        })
    }
}
