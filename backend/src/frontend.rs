//! The pages: the built front end, embedded in the executable.

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, Method, StatusCode, Uri,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use rust_embed::{Embed, EmbeddedFile};
use tower_http::compression::CompressionLayer;

use crate::problem::ApiError;

#[derive(Embed)]
#[folder = "../frontend/dist"]
struct Dist;

/// Answers every address that no other route has. Nothing here is secret, so it may be compressed.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().fallback(serve).layer(CompressionLayer::new())
}

async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return ApiError::NotFound.into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET,HEAD")]).into_response();
    }
    match Dist::get(path) {
        Some(file) => answer(path, file, &headers),
        None if path.starts_with("assets/") => ApiError::NotFound.into_response(),
        // The address of a view: the page finds its way by itself.
        None => match Dist::get("index.html") {
            Some(index) => answer("index.html", index, &headers),
            None => ApiError::NoFrontend.into_response(),
        },
    }
}

fn answer(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    // Names under assets/ carry a hash of their content; everything else must be asked for again.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let is_known = request.get(IF_NONE_MATCH).is_some_and(|known| is_same(known.as_bytes(), &etag));
    let headers = [(CACHE_CONTROL, caching.to_owned()), (ETAG, etag)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    (headers, [(CONTENT_TYPE, kind)], Body::from(file.data)).into_response()
}

/// Compares entity tags weakly (RFC 9110 §13.1.2): compression makes ours weak on the way.
fn is_same(known: &[u8], etag: &str) -> bool {
    known.strip_prefix(b"W/").unwrap_or(known) == etag.as_bytes()
}
