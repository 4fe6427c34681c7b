//! Tags: what people mark documents with. Tags of others look like those that don't exist.

mod delete;
mod list;
mod write;

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{crypto::LabelKey, domain::TagId};
use untxt_database::tags;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, labels::damaged, problem::ApiError, session::Actor};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, write::create)).routes(routes!(write::change, delete::delete))
}

/// Gives all of the person's tags as the list does.
pub(crate) async fn export(app: &Arc<App>, actor: Actor) -> Result<impl Serialize + use<>, ApiError> {
    Ok(list::list(State(Arc::clone(app)), actor).await?.0)
}

/// A tag as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
struct Tag {
    id: TagId,
    name: String,
    colour: String,
    /// How many have it.
    documents: u64,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl Tag {
    fn open(found: &tags::Tag, key: &LabelKey) -> Result<Self, ApiError> {
        let name = key.open_tag_name(found.id, &found.name_sealed).map_err(damaged(found.id))?;
        Ok(Self {
            id: found.id,
            name: name.as_str().to_owned(),
            colour: found.colour.to_string(),
            documents: found.documents,
            created_at: found.created_at,
        })
    }
}
