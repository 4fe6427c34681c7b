//! What is shared inside: documents and folders, with persons and teams.
//!
//! It promises that what one may not see looks as if it were not there, that what one sees and may not do is said so, and that
//! a share which is taken back ends sockets' news and running downloads within two seconds. It refuses to decide: the database
//! says who may do what, and forces it.

mod give;
mod list;
mod right;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use right::require;

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::of_document, give::document))
        .routes(routes!(give::take_back_document))
        .routes(routes!(list::of_folder, give::folder))
        .routes(routes!(give::take_back_folder))
}
