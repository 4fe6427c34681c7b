use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Subject, metric::Counted};

/// What takes longer to say whether it is ready is not.
const PATIENCE: Duration = Duration::from_secs(2);

/// What monitors may ask.
pub(super) struct Monitor {
    pub(super) metrics: Counted,
    pub(super) subject: Arc<dyn Subject>,
    pub(super) stop: CancellationToken,
}

/// Answers `GET /metrics`, `/live` (the process runs) and `/ready` (it can work), the last with 503 and a reason if not.
pub(super) async fn answer(
    monitor: Arc<Monitor>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, metrics(&monitor).await),
        (&Method::GET | &Method::HEAD, "/live") => (StatusCode::OK, "alive\n".to_owned()),
        (&Method::GET | &Method::HEAD, "/ready") => match ready(&monitor).await {
            Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
            Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        },
        _ => (StatusCode::NOT_FOUND, "there are /metrics, /live and /ready\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// What is counted is told also while what it would look at does not answer.
async fn metrics(monitor: &Monitor) -> String {
    if timeout(PATIENCE, monitor.subject.look()).await.is_err() {
        tracing::debug!("some gauges are as they were");
    }
    monitor.metrics.render()
}

async fn ready(monitor: &Monitor) -> Result<(), String> {
    if monitor.stop.is_cancelled() {
        return Err("the process is stopping".to_owned());
    }
    let asked = timeout(PATIENCE, monitor.subject.ready()).await;
    asked.unwrap_or_else(|_late| Err("what it needs does not answer in time".to_owned()))
}
