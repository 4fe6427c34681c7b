//! A new password for whoever forgot theirs, by a link that is sent to their address.
//!
//! It promises that the answer and its time are the same whether anybody has the name or not, that a link is good once, for 15
//! minutes and until the next one, that a new password ends every session, and that codes are asked for as before. It refuses to
//! log anybody in: whoever has the new password does that.

mod confirm;
mod link;
mod request;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(request::request)).routes(routes!(confirm::confirm))
}
