//! Teams: persons who own documents together, and with whom others share as with one.
//!
//! It promises that a team looks to others as if it were not there, that only a manager says who belongs to it, and that it
//! always has one. It refuses to move documents between owners: they are uploaded into the team.

mod member;
mod team;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(team::list, team::create))
        .routes(routes!(team::show))
        .routes(routes!(member::add))
        .routes(routes!(member::change, member::remove))
}
