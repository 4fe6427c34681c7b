//! Legal holds: administrators keep what a dispute or an authority asks for.
//!
//! It promises that setting and lifting one needs a fresh proof of who asks, and that the record names what was held. It refuses
//! to show what is held: an administrator sees no documents of others.

mod hold;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(hold::list, hold::set)).routes(routes!(hold::lift))
}
