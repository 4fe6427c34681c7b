//! What people upload, and everything that is read from it.
//!
//! It promises that a file streams through in bounded memory, sealed on its way; that nothing of it is ever given
//! to anybody who may not have it, for whom foreign and unknown are the same; and that a damaged object never looks like
//! a whole one.

mod asker;
mod delete;
mod disposition;
mod document;
mod download;
mod export;
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
mod package;
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

use axum::{extract::DefaultBodyLimit, middleware::from_fn_with_state};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use asker::Asker;
pub(crate) use document::{Document, Owner};
pub(crate) use download::{send_original, send_searchable_pdf};
pub(crate) use file::{check_tags, refuse_unknown};
pub(crate) use formats::send_document;
#[cfg(feature = "fuzzing")]
pub use hear::{Heard, hear_upload};
pub(crate) use keys::{OwnerKeys, WrappedKeys, current as current_key};
pub(crate) use places::UploadPlaces;
pub(crate) use range::Asked;
pub(crate) use refusals::Refusals;
pub(crate) use show::load_outline;

use crate::App;

pub(crate) fn router(app: &Arc<App>) -> OpenApiRouter<Arc<App>> {
    anywhere().merge(outside_trash().route_layer(from_fn_with_state(Arc::clone(app), trash::refuse_trashed)))
}

/// Lists the routes for the description, which needs nothing of what runs.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    anywhere().merge(outside_trash())
}

fn anywhere() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(show::show, delete::delete))
        .routes(routes!(trash::restore))
        .routes(routes!(trash::empty))
        .routes(routes!(export::export))
}

/// What nobody gets, and nobody does, while the document is in the trash.
fn outside_trash() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(file::file))
        .routes(routes!(page::list))
        .routes(routes!(page::show))
        .routes(routes!(page::image))
        .routes(routes!(formats::page))
        .routes(routes!(formats::document))
        .routes(routes!(rerun::read_again))
        .routes(routes!(rerun::choose))
        .routes(routes!(download::original))
        .routes(routes!(download::searchable_pdf))
}

/// The list is here too, because it shares its address with uploads, which may take long.
pub(crate) fn upload_router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(upload::upload, list::list))
        // The limit of uploads is counted while they stream.
        .layer(DefaultBodyLimit::disable())
}
