//! Public links: one document for whoever has the link, without an account, until it ends.
//!
//! It promises that a link which is unknown, over, used up or locked looks the same as one with a wrong password, in what is said
//! and in how long it takes; that what stands in a link reaches no address that anybody writes down; and that a link which ends
//! also ends the downloads by it within two seconds. It refuses to list or to search: whoever comes by a link reads its document,
//! and the database lets them read no other.

mod cookie;
mod create;
mod download;
mod list;
mod open;
mod visitor;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use cookie::NAME as COOKIE_NAME;
pub(crate) use visitor::Visitor;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(list::end))
        .routes(routes!(open::open))
        .routes(routes!(download::show))
        .routes(routes!(download::download))
}
