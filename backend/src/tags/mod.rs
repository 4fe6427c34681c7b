//! Tags: what people mark documents with. Tags of others look like those that don't exist.

mod delete;
mod list;
mod write;

use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::{crypto::LabelKey, domain::TagId};
use untxt_database::tags;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, labels::damaged, problem::ApiError};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, write::create)).routes(routes!(write::change, delete::delete))
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
