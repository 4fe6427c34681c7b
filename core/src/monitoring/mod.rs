//! What operators see of a process: metrics for Prometheus, and whether it is alive and ready, over mutual TLS.
//!
//! It promises that every metric there is stands in [`METRICS`], and that no label carries an id, a name or a word of a
//! document. It refuses to decide what ready means: the process says.

mod answer;
mod metric;
mod probe;

use std::{io, sync::Arc};

use async_trait::async_trait;
use hyper::service::service_fn;
use tokio::net::TcpListener;

pub use metric::{Kind, METRICS, Metric};
pub use probe::{ProbeError, probe};

use self::answer::{Monitor, answer};
use crate::{config::Monitoring, connections, lifecycle::Lifecycle, tls};

/// The process that is monitored.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Says whether the process can do its work now, or in a sentence why not.
    async fn ready(&self) -> Result<(), String>;

    /// Sets the gauges that are only worth knowing when somebody asks.
    async fn look(&self) {}
}

/// Begins to count, and answers monitors until the lifecycle stops; without an address it does neither.
///
/// # Errors
/// When the address is busy, or a certificate can't be used.
pub async fn start(monitoring: &Monitoring, subject: Arc<dyn Subject>, lifecycle: &Lifecycle) -> io::Result<()> {
    let Some(address) = monitoring.bind else { return Ok(()) };
    let tls =
        tls::server(&monitoring.cert_path, &monitoring.key_path, Some(&monitoring.client_ca_path), &["h2", "http/1.1"])
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("monitors can't be answered on monitoring.bind = {address}: {error}"))
    })?;
    tracing::info!(monitoring.address = %listener.local_addr()?, "monitors are answered");
    let monitor = Arc::new(Monitor { metrics: metric::record(), subject, stop: lifecycle.stop_token() });
    let serving = lifecycle.clone();
    lifecycle.spawn(async move {
        let service = service_fn(move |request| answer(Arc::clone(&monitor), request));
        connections::accept(listener, tls, service, &serving).await;
    });
    Ok(())
}
