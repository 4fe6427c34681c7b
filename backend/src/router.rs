use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{App, documents, frontend, headers, health, limits, live, observe, origin, session, tasks};

/// Bodies other than uploads are a few lines of JSON.
const MAX_BODY_BYTES: usize = 16 << 10;

/// Makes the whole API and the pages. What is added last surrounds the rest.
pub fn router(app: Arc<App>) -> Router {
    let quick = Router::new()
        .merge(session::router())
        .merge(limits::router())
        .merge(documents::router())
        .merge(tasks::router())
        .merge(live::router())
        .merge(health::router())
        .merge(frontend::router())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(observe::limit_time));
    quick
        .merge(documents::upload_router())
        .layer(from_fn_with_state(Arc::clone(&app), origin::refuse_foreign))
        .layer(CatchPanicLayer::custom(observe::answer_panic))
        .layer(from_fn(observe::observe))
        .layer(map_response(headers::secure))
        .with_state(app)
}
