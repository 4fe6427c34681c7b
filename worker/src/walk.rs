//! Spans of a task's walk through this worker, for its trace: inspect, a page with its stages, finish. Its first span is
//! that of the request which asked for it.

use tracing::Span;
use untxt_core::telemetry::{self, TRACE};
use untxt_database::{pages::ClaimedPage, tasks::ClaimedTask};

pub(crate) fn inspect(claimed: &ClaimedTask) -> Span {
    join(tracing::info_span!(target: TRACE, "inspect", otel.kind = "consumer", task.id = %claimed.task), claimed.trace)
}

pub(crate) fn finish(claimed: &ClaimedTask) -> Span {
    join(tracing::info_span!(target: TRACE, "finish", otel.kind = "consumer", task.id = %claimed.task), claimed.trace)
}

/// Lasts until the page is stored.
pub(crate) fn page(claimed: &ClaimedPage) -> Span {
    let span = tracing::info_span!(
        target: TRACE,
        "page",
        otel.kind = "consumer",
        task.id = %claimed.task,
        page.number = %claimed.page,
        page.attempt = %claimed.attempt,
    );
    join(span, claimed.trace)
}

/// A stage of what is under way: load, read or store.
pub(crate) fn stage(name: &'static str) -> Span {
    tracing::info_span!(target: TRACE, "stage", otel.name = name)
}

fn join(span: Span, trace: uuid::Uuid) -> Span {
    telemetry::join(&span, trace);
    span
}
