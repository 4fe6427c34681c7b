//! What this server takes, so that pages can say so before an upload.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use untxt_core::domain::MediaType;

use crate::App;

#[derive(Serialize)]
struct Limits {
    max_file_bytes: u64,
    max_pages: u32,
    allowed_types: Vec<MediaType>,
    languages: Vec<String>,
}

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/api/v1/limits", get(show))
}

async fn show(State(app): State<Arc<App>>) -> Json<Limits> {
    Json(Limits {
        max_file_bytes: app.limits.max_file_bytes,
        max_pages: app.limits.max_pages,
        allowed_types: app.limits.allowed_types.clone(),
        languages: app.languages.split('+').map(str::to_owned).collect(),
    })
}
