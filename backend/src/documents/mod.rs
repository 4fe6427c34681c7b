//! What people upload, and everything that is read from it.
//!
//! It promises that a file streams through in bounded memory, sealed on its way; that nothing of it is ever given
//! to anybody but its owner, for whom foreign and unknown are the same; and that a damaged object never looks like
//! a whole one.

mod delete;
mod disposition;
mod document;
mod download;
mod file;
mod formats;
#[cfg(feature = "fuzzing")]
mod hear;
mod idempotency;
mod keys;
mod list;
mod name;
mod object;
mod pace;
mod page;
mod pages;
mod part;
mod places;
mod range;
mod reader;
mod receive;
mod refusals;
mod rerun;
mod settings;
mod show;
mod trash;
mod upload;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{delete, get, patch, post},
};

pub(crate) use document::{Document, Owner};
pub(crate) use file::{check_tags, refuse_unknown};
#[cfg(feature = "fuzzing")]
pub use hear::{Heard, hear_upload};
pub(crate) use keys::{OwnerKeys, WrappedKeys, current as current_key};
pub(crate) use places::UploadPlaces;
pub(crate) use refusals::Refusals;

use crate::App;

const ONE: &str = "/api/v1/documents/{document}";

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route(ONE, get(show::show).delete(delete::delete))
        .route(&format!("{ONE}/restore"), post(trash::restore))
        .route("/api/v1/trash", delete(trash::empty))
        .merge(outside_trash().route_layer(from_fn_with_state(Arc::clone(app), trash::refuse_trashed)))
}

/// What nobody gets, and nobody does, while the document is in the trash.
fn outside_trash() -> Router<Arc<App>> {
    let at = |path: &str| format!("{ONE}/{path}");
    Router::new()
        .route(ONE, patch(file::file))
        .route(&at("pages"), get(page::list))
        .route(&at("pages/{page}"), get(page::show))
        .route(&at("pages/{page}/image"), get(page::image))
        .route(&at("pages/{page}/formats/{format}"), get(formats::page))
        .route(&at("formats/{format}"), get(formats::document))
        .route(&at("tasks"), post(rerun::read_again))
        .route(&at("choices"), post(rerun::choose))
        .route(&at("original"), get(download::original))
        .route(&at("searchable.pdf"), get(download::searchable_pdf))
}

/// The list is here too, because it shares its address with uploads, which may take long.
pub(crate) fn upload_router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/documents", post(upload::upload).get(list::list))
        // The limit of uploads is counted while they stream.
        .layer(DefaultBodyLimit::disable())
}
