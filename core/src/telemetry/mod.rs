//! What this process tells while it runs: logs on standard error, JSON for machines or text for people, and traces for a
//! collector of OpenTelemetry.
//!
//! It promises dotted field names that are the same in every process. It never sees document text: nobody logs it.

mod traces;

use std::{error::Error as StdError, io::IsTerminal};

use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt, ParseError, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use traces::{TRACE, TracesError, begin, join, stop};

use crate::config::{Log, LogFormat, Traces};

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("log.level is malformed")]
    Level(#[from] ParseError),
    #[error(transparent)]
    Traces(#[from] TracesError),
}

/// Starts logging, and sends traces if there is a collector; a second call changes nothing. `service` is the name of
/// this process in its traces.
///
/// # Errors
/// When the filter in `log.level` is malformed, or the collector's certificates can't be used.
pub fn start(log: &Log, traces: &Traces, service: &'static str) -> Result<(), TelemetryError> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    // A line names the span of its request or job; those of traces would hide it.
    let is_line = filter_fn(|metadata| metadata.target() != TRACE);
    let lines = lines.with_filter(EnvFilter::try_new(&log.level)?.and(is_line));
    let is_told = filter_fn(|metadata| {
        metadata.target() == TRACE
            || metadata.is_event() && metadata.target().starts_with("untxt") && *metadata.level() <= Level::INFO
    });
    let spans = traces::layer(traces, service)?.map(|layer| layer.with_filter(is_told));
    if Registry::default().with(lines).with(spans).try_init().is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
}

/// Joins an error and its causes into one line.
#[must_use]
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        line.push_str(": ");
        line.push_str(&next.to_string());
        cause = next.source();
    }
    line
}
