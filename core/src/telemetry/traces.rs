//! Spans, sent to a collector of OpenTelemetry (OTLP over HTTP, protobuf) on a thread and a connection of their own.
//!
//! Everything that one request sets in motion is one trace, on all machines: the trace's id is the request's id, which a
//! task keeps, and the id of its first span follows from it. So nothing else has to travel through database and queue.
//! It promises that a collector that is slow or away costs spans and nothing else.

use std::{
    cell::Cell,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::{
    Context, SpanId, TraceId,
    trace::{SpanContext, TraceContextExt, TraceFlags, TraceState, TracerProvider},
};
use opentelemetry_http::{HttpClient, HttpError, hyper::HyperClient};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider},
};
use tokio::runtime::{Builder, Runtime};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use crate::{
    config::Traces,
    tls::{self, TlsError},
};

/// Target of the spans that go into traces, and nowhere else.
pub const TRACE: &str = "untxt::trace";

/// For one batch of spans.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// For the last spans, when the process ends.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Why no traces are sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    #[error("the collector of traces can't be spoken to safely")]
    Tls(#[from] TlsError),
    #[error("traces.endpoint can't be used")]
    Endpoint(#[from] ExporterBuildError),
    #[error("the thread that sends traces can't be started")]
    Thread(#[from] std::io::Error),
}

static SENDING: OnceLock<SdkTracerProvider> = OnceLock::new();

thread_local! {
    /// The trace whose first span is being made on this thread.
    static BEGUN: Cell<Option<Uuid>> = const { Cell::new(None) };
}

/// Makes a span the first of the trace of this id. Without a collector it does nothing.
pub fn begin(span: &Span, trace: Uuid) {
    BEGUN.set(Some(trace));
    // Its ids are asked for when its context is.
    let _context = span.context();
    BEGUN.set(None);
}

/// Puts a span under the first one of a trace, which may have been another process's. Without a collector it does
/// nothing.
pub fn join(span: &Span, trace: Uuid) {
    if SENDING.get().is_none() {
        return;
    }
    let parent =
        SpanContext::new(trace_id(trace), first_span_id(trace), TraceFlags::SAMPLED, true, TraceState::default());
    if let Err(error) = span.set_parent(Context::new().with_remote_span_context(parent)) {
        tracing::debug!(%error, "a span has no trace");
    }
}

/// Sends what was not sent yet; for the end of the process.
pub fn stop() {
    if let Some(Err(error)) = SENDING.get().map(|sending| sending.shutdown_with_timeout(STOP_TIMEOUT)) {
        tracing::warn!(%error, "the last spans were not sent");
    }
}

/// The layer that collects spans, if anybody wants them.
pub(super) fn layer<S>(
    traces: &Traces,
    service: &'static str,
) -> Result<Option<OpenTelemetryLayer<S, SdkTracer>>, TracesError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    if traces.endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Courier::new(traces)?)
        .with_endpoint(&traces.endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    let resource = Resource::builder_empty()
        .with_service_name(service)
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_id_generator(Ids(RandomIdGenerator::default()))
        .with_resource(resource)
        .build();
    let tracer = provider.tracer("untxt");
    if SENDING.set(provider).is_err() {
        return Ok(None);
    }
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    Ok(Some(layer.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false)))
}

/// Ids that follow from a trace's where a span begins one, otherwise by chance.
#[derive(Debug)]
struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        BEGUN.get().map_or_else(|| self.0.new_trace_id(), trace_id)
    }

    fn new_span_id(&self) -> SpanId {
        BEGUN.get().map_or_else(|| self.0.new_span_id(), first_span_id)
    }
}

const fn trace_id(trace: Uuid) -> TraceId {
    TraceId::from_bytes(trace.into_bytes())
}

/// The lower half: of a UUID it is never all zeros, which would be no id (W3C Trace Context, section 3.2.2.4).
fn first_span_id(trace: Uuid) -> SpanId {
    let (_high, low) = trace.as_u64_pair();
    SpanId::from_bytes(low.to_be_bytes())
}

/// Sends batches. The thread that makes them has no runtime, so this brings one thread of its own.
#[derive(Debug)]
struct Courier {
    client: HyperClient<HttpsConnector<HttpConnector>>,
    runtime: Arc<Runtime>,
}

impl Courier {
    fn new(traces: &Traces) -> Result<Self, TracesError> {
        let tls = tls::private_client(&traces.ca_path, Some((&traces.cert_path, &traces.key_path)))?;
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(Arc::unwrap_or_clone(tls)).https_only().enable_http1().build();
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("traces").enable_all().build()?;
        Ok(Self { client: HyperClient::new(connector, EXPORT_TIMEOUT, None), runtime: Arc::new(runtime) })
    }
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::Event;
    use tracing_subscriber::{
        Layer,
        layer::{Context, SubscriberExt},
    };

    use super::*;

    /// Counts what is logged.
    struct Said(Arc<AtomicUsize>);

    impl<S: Subscriber> Layer<S> for Said {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn without_a_collector_a_span_joins_no_trace_and_nothing_is_said() {
        let said = Arc::new(AtomicUsize::new(0));
        let subscriber = tracing_subscriber::registry().with(Said(Arc::clone(&said)));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!(target: TRACE, "page");
            join(&span, Uuid::from_u128(7));
            begin(&span, Uuid::from_u128(7));
        });
        assert_eq!(said.load(Ordering::Relaxed), 0);
    }
}
