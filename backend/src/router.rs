use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
};
use tower::util::MapRequestLayer;
use tower_http::catch_panic::CatchPanicLayer;

use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    App, Error,
    access::{self, Gate},
    accounts, audit, documents, drain, emergency, folders, frontend, headers, health, holds, limits, links, live,
    observe, oidc, passkeys, password_resets, queue, receipts, search, session, shares, tags, tasks, teams, tokens,
    usage,
};

/// Bodies other than uploads are a few lines of JSON.
const MAX_BODY_BYTES: usize = 16 << 10;

/// Makes the whole API and the pages. What is added last surrounds the rest.
///
/// # Errors
/// [`Error::Operations`] when a route is not in the table of operations, or a row has no route.
pub fn router(app: Arc<App>) -> Result<Router, Error> {
    let (quick, mut routes) = quick(documents::router(&app)).split_for_parts();
    let quick = quick
        .merge(frontend::router())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(observe::limit_time));
    let (uploads, others) = documents::upload_router().split_for_parts();
    routes.merge(others);
    let gate = Arc::new(Gate::new(Arc::clone(&app), access::OPERATIONS, &routes)?);
    let routes = quick
        .merge(uploads)
        // Within the gate, which puts also those on record that panicked.
        .layer(CatchPanicLayer::custom(observe::answer_panic))
        .layer(from_fn_with_state(gate, access::guard));
    Ok(surround(routes).layer(MapRequestLayer::new(drain::drain_unread(Arc::clone(&app)))).with_state(app))
}

/// Lists the routes with the types of their answers.
pub(crate) fn describe() -> OpenApi {
    quick(documents::routes()).merge(documents::upload_router()).into_openapi()
}

fn quick(documents: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(session::router())
        .merge(accounts::router())
        .merge(password_resets::router())
        .merge(oidc::router())
        .merge(passkeys::router())
        .merge(tokens::router())
        .merge(limits::router())
        .merge(usage::router())
        .merge(documents)
        .merge(folders::router())
        .merge(tags::router())
        .merge(tasks::router())
        .merge(shares::router())
        .merge(teams::router())
        .merge(links::router())
        .merge(search::router())
        .merge(receipts::router())
        .merge(holds::router())
        .merge(emergency::router())
        .merge(queue::router())
        .merge(audit::router())
        .merge(live::router())
        .merge(health::router())
}

/// Adds what no answer goes without.
fn surround<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .layer(CatchPanicLayer::custom(observe::answer_panic))
        .layer(from_fn(observe::observe))
        .layer(map_response(headers::secure))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn even_a_panic_is_answered_in_form() {
        async fn panic() {
            panic!("a secret of the inside");
        }
        let routes: Router = surround(Router::new().route("/", get(panic)));
        let answer = routes.oneshot(Request::new(Body::empty())).await.expect("an answer");
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(answer.headers().contains_key("content-security-policy"));
        let body = axum::body::to_bytes(answer.into_body(), 9999).await.expect("a body");
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("request_id") && !body.contains("secret"), "{body}");
    }
}
