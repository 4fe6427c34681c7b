//! What is shared inside: documents and folders, with persons and teams.
//!
//! It promises that what one may not see looks as if it were not there, that what one sees and may not do is said so, and that
//! a share which is taken back ends sockets' news and running downloads within two seconds. It refuses to decide: the database
//! says who may do what, and forces it.

mod give;
mod list;
mod right;

use std::sync::Arc;

use axum::{
    Router,
    routing::{delete, get},
};

pub(crate) use right::require;

use crate::App;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/documents/{document}/shares", get(list::of_document).post(give::document))
        .route("/api/v1/documents/{document}/shares/{share}", delete(give::take_back_document))
        .route("/api/v1/folders/{folder}/shares", get(list::of_folder).post(give::folder))
        .route("/api/v1/folders/{folder}/shares/{share}", delete(give::take_back_folder))
}
