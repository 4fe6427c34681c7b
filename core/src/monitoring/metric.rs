use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts durations in buckets.
    Histogram,
}

/// A metric, as Prometheus sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, with its unit at the end.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
    /// What it means, with its labels and their values.
    pub help: &'static str,
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, help }
}

const fn level(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, help }
}

const fn histogram(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, help }
}

/// Every metric of UNTXT; those of the process itself (memory, CPU, descriptors) come beside them.
pub const METRICS: &[Metric] = &[
    level("untxt_build_info", "Always 1. version: of this executable."),
    counter("untxt_http_requests_total", "Requests answered. method, route: as in the API's list; status."),
    histogram("untxt_http_request_seconds", "Time until the head of an answer. route."),
    counter("untxt_damaged_total", "Stored data that did not open. what: owner key, document key, name, page, object."),
    counter("untxt_emergency_accesses_total", "Accesses in an emergency that somebody took here."),
    level("untxt_sockets", "Live sockets that are open."),
    histogram("untxt_event_lag_seconds", "From an event's commit to its sending to sockets, by two clocks."),
    level("untxt_database_connections", "Connections of the pool. state: used, idle."),
    level("untxt_queue_answers", "1 while Redis answers this process, else 0."),
    counter("untxt_documents_checked_total", "Stored files that were read again as a whole. outcome: whole, damaged."),
    level(
        "untxt_documents_damaged",
        "Documents whose stored file is not what was uploaded; of the worker that checks.",
    ),
    counter(
        "untxt_documents_shredded_total",
        "Documents that workers shredded because their time in the trash was over.",
    ),
    level(
        "untxt_receipts_waiting",
        "Shredded documents without a receipt in the bucket yet; of the worker that shreds.",
    ),
    level("untxt_receipts_oldest_seconds", "Since when the oldest of them waits; of the worker that shreds."),
    level("untxt_audit_unsealed_rows", "Rows of the record of what was done that wait to be sealed."),
    level("untxt_audit_unsealed_oldest_seconds", "Since when the oldest of them waits."),
    counter("untxt_audit_sealed_rows_total", "Rows of the record that were sealed here."),
    level("untxt_audit_head", "Number of the last batch that was sealed; it only grows."),
    level("untxt_audit_broken", "1 once this worker saw sealed batches gone or forged, until it is started again."),
    counter("untxt_owner_keys_opened_total", "Owner keys opened. from: cache; key_service; error."),
    level("untxt_key_memory_bytes", "Memory that is there for keys in clear. locked: yes; no, it may go to swap."),
    counter(
        "untxt_key_operations_total",
        "What was done to keys. operation: rotated, rewrapped, document_rewrapped, labels_rewrapped, refused, destroyed.",
    ),
    level("untxt_owner_keys", "Versions of owner keys. state: pending, active, retired, compromised, destroyed."),
    level(
        "untxt_document_keys_under_older_keys",
        "Documents whose key is not under the active key of their owner yet.",
    ),
    level(
        "untxt_search_unindexed_pages",
        "Pages that search finds nowhere, or under an older key, when a worker last looked; 10,000 or more.",
    ),
    level("untxt_tasks_open", "Tasks that have not ended. state: queued, inspecting, processing, finishing."),
    level("untxt_pages_open", "Pages that have not ended. state: queued, processing."),
    level("untxt_queue_oldest_seconds", "Age of the oldest task of which no page has been read yet."),
    counter("untxt_tasks_ended_total", "Tasks that ended here. state: done, done_with_errors, failed."),
    counter(
        "untxt_pages_settled_total",
        "Attempts at pages. outcome: done; failed; retried, the reader broke; delayed, something did not answer; \
         handed_back at shutdown; lost to another worker, a stop or a deletion.",
    ),
    histogram("untxt_page_seconds", "Time of a page by stage. stage: load, read, store."),
    level("untxt_leases_overdue", "Pages whose worker let its lease run out, and that nobody has taken over yet."),
    counter("untxt_children_started_total", "Reading children that were started."),
    counter("untxt_children_broken_total", "Reading children that broke. code: of the failure."),
    counter(
        "untxt_kms_operations_total",
        "Operations of the key service. operation: generate, wrap, unwrap, check; outcome: done, unavailable, denied, \
         refused.",
    ),
    histogram("untxt_kms_seconds", "Time of an operation of the key service, waiting included. operation."),
    counter("untxt_malware_scans_total", "Files that were scanned. verdict: clean, infected, too_long, none."),
];

/// Upper bounds of buckets, in seconds: from a page that brings its own text to one that times out.
const BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

/// What was counted by this process.
pub(super) struct Counted {
    prometheus: PrometheusHandle,
    process: Collector,
}

impl Counted {
    /// Writes everything in Prometheus's text format 0.0.4.
    pub(super) fn render(&self) -> String {
        self.process.collect();
        self.prometheus.render()
    }
}

/// Begins to count. Until then, counting does nothing.
pub(super) fn record() -> Counted {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let prometheus = RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS);
        let recorder = builder.unwrap_or_else(|_empty| PrometheusBuilder::new()).build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::error!("something else counts in this process already");
        }
        describe();
        handle
    });
    let process = Collector::default();
    process.describe();
    Counted { prometheus: prometheus.clone(), process }
}

fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, Unit::Seconds, metric.help),
        }
    }
    gauge!("untxt_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for Metric { name, kind, help } in METRICS {
            assert!(name.starts_with("untxt_"), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(*kind != Kind::Histogram || name.ends_with("_seconds"), "{name}");
            assert!(help.ends_with('.'), "{name}");
        }
    }
}
