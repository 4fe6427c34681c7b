//! Live events: one listener per process, a hub, and the sockets of the people who look.
//!
//! It promises that each socket gets its owner's events in order, each once, and a `resync` frame when some may be
//! missing; that a slow socket never makes memory grow; and that a socket ends with its session. It refuses to be
//! the truth: the table of events is.

mod feed;
mod frames;
mod hub;
mod places;
mod socket;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use feed::feed;
pub(crate) use hub::{Hub, News};
pub(crate) use places::tell_places;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(socket::open))
}
