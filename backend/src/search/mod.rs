//! Search over what was read, which lies sealed.
//!
//! It promises that no word of a query is logged, stands in an address or reaches the database other than as a keyed token;
//! that every page it shows was opened in the person's name and has what was asked for; and that one question does a bounded amount of work.

mod answer;
mod ask;
mod candidates;
mod cursor;
mod keys;
mod look;
mod open;
mod pace;
mod scope;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use candidates::{Candidates, Phase, Place, find_candidates};
pub use keys::SearchKeys;
pub(crate) use pace::Searches;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(ask::search))
}
