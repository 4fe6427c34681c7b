//! What surrounds every request: an id, a log line, a time limit, and an answer even to a panic.

use std::{any::Any, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use metrics::{counter, histogram};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, Span, field::Empty};
use untxt_core::telemetry::{self, TRACE};
use uuid::Uuid;

use crate::problem::{self, ApiError};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Until the headers of the answer; streams that follow have their own limits.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Longer than any address of ours by far, shorter than anything that hurts.
const MAX_ADDRESS_BYTES: usize = 4096;

/// Id of a request, and of the trace of everything that it sets in motion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId(pub(crate) Uuid);

/// Gives the request an id, logs its answer in one line, and gives errors their body.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    let trace = trace(id, &method, route);
    let span = tracing::info_span!(parent: &trace, "request", request.id = %id);
    request.extensions_mut().insert(RequestId(id));
    let started = Instant::now();
    let response = if is_too_long(request.uri()) {
        ApiError::AddressTooLong.into_response()
    } else {
        next.run(request).instrument(span.clone()).await
    };
    let mut response = problem::render(response, id);
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    tell(&trace, response.status());
    count(&method, route, &response, started);
    tracing::info!(
        parent: &span,
        http.method = %method,
        http.route = route,
        http.status = response.status().as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request answered"
    );
    response
}

/// Makes the first span of the request's trace.
fn trace(id: Uuid, method: &Method, route: &str) -> Span {
    let span = tracing::info_span!(
        target: TRACE,
        "request",
        otel.name = %format_args!("{} {route}", known(method)),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = known(method),
        http.route = route,
        http.response.status_code = Empty,
    );
    telemetry::begin(&span, id);
    span
}

fn tell(trace: &Span, status: StatusCode) {
    trace.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        trace.record("otel.status_code", "ERROR");
    }
}

/// Methods that nobody serves count as one, or clients could make up as many labels as they like.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Counts an answer.
fn count(method: &Method, route: &str, response: &Response, started: Instant) {
    let method = known(method);
    let (route, status) = (route.to_owned(), response.status().as_u16().to_string());
    counter!("untxt_http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!("untxt_http_request_seconds", "route" => route).record(started.elapsed());
}

fn is_too_long(uri: &Uri) -> bool {
    uri.path_and_query().map_or(0, |path| path.as_str().len()) > MAX_ADDRESS_BYTES
}

/// Ends a request that has no answer in time.
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    match timeout(ANSWER_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(elapsed) => ApiError::Unavailable(elapsed.into()).into_response(),
    }
}

/// Answers for a handler that panicked; the panic itself was reported by the hook.
pub(crate) fn answer_panic(_panic: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal("a handler panicked").into_response()
}
