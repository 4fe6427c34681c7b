//! What owners use of this server, and what they may use.
//!
//! It promises that a file is refused before it comes when there is no room for it, that of uploads which come at once no two take
//! the last room, and that whoever is refused learns how much there is and when there is more. A document that was let in is read to
//! its end, although its pages may be more than were left: half a document helps nobody.

mod allowance;
mod limits;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use allowance::Allowance;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(limits::show_own)).routes(routes!(limits::show, limits::change))
}
