//! Teams: persons who own documents together, and with whom others share as with one.
//!
//! It promises that a team looks to others as if it were not there, that only a manager says who belongs to it, and that it
//! always has one. It refuses to move documents between owners: they are uploaded into the team.

mod member;
mod team;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post, put},
};

use crate::App;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/teams", get(team::list).post(team::create))
        .route("/api/v1/teams/{team}", get(team::show))
        .route("/api/v1/teams/{team}/members", post(member::add))
        .route("/api/v1/teams/{team}/members/{user}", put(member::change).delete(member::remove))
}
