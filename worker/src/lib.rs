//! Takes tasks, has their pages read in sandboxed children, and stores what was read.
//!
//! It promises that a page is read once whatever dies, that no connection is held while a page is read, and that
//! whoever parses a document is handed no key. It refuses to know about people and browsers.
//!
//! An entry of the queue only says "there is something to do": [`consumer`] wakes a free [`slot`], which asks Postgres
//! whose [`turn`] it is and does it: [`inspect`], [`recognise`] or [`finish`]. What nobody looks at, [`sweeper`] finds.

mod alive;
mod audit;
mod bucket;
mod clean_up;
mod consumer;
mod error;
mod finish;
mod inspect;
mod integrity;
mod keys;
mod languages;
mod lease;
pub mod malware;
mod monitor;
mod objects;
mod original;
mod presence;
mod recognise;
mod repeat;
pub mod sandbox;
mod seal;
mod search_index;
mod search_rebuild;
mod services;
mod settle;
mod shredding;
mod slot;
mod store_page;
mod sweeper;
mod turn;
mod wakeups;
mod walk;
mod withdrawals;
mod worker;

use std::{sync::Arc, time::Duration};

use untxt_core::{config::Settings, lifecycle::Lifecycle, monitoring, storage::Bucket};

pub use clean_up::CleanUp;
pub use error::Error;
pub use keys::{Kept, KeyError, KeyKeeper, KeyTimes, Rotation};
pub use services::Services;
pub use worker::WorkerOptions;

/// How long a start waits for the store.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// Works until the lifecycle stops, then hands back what is not finished within ten seconds.
///
/// # Errors
/// When something needed at start is missing; later faults are waited out.
pub async fn run(settings: Settings, lifecycle: Lifecycle) -> Result<(), Error> {
    let services = Services::connect(&settings).await?;
    run_with(services, WorkerOptions::new(&settings)?, lifecycle).await
}

/// Starts a reading child and ends it, to see whether this kernel confines it.
///
/// # Errors
/// As those of a start: [`sandbox::Fault::Unconfined`] names the layer that is lacking and was not accepted.
pub async fn check_sandbox(settings: &Settings) -> Result<(), Error> {
    let WorkerOptions { child, sandbox, .. } = WorkerOptions::new(settings)?;
    sandbox::Sandbox::new(child, sandbox).warm_up().await?;
    Ok(())
}

/// As [`run`], with parts of the caller's choice.
///
/// # Errors
/// When no child can be started, or the bucket belongs to another installation.
pub async fn run_with(services: Services, options: WorkerOptions, lifecycle: Lifecycle) -> Result<(), Error> {
    services.keys.forget_in_time(&lifecycle);
    if let Some(scanner) = &services.scanner {
        scanner.greet().await;
    }
    open_bucket(&services, &options).await?;
    let (wakeups, local) = wakeups::Wakeups::new(Arc::clone(&services.queue));
    let worker = Arc::new(worker::Worker::new(services, options, wakeups, lifecycle));
    let slots = worker.open_slots().await?;
    if let Some(monitoring) = &worker.options.monitoring {
        let monitored = Arc::new(monitor::Monitored(Arc::clone(&worker)));
        monitoring::start(monitoring, monitored, &worker.lifecycle).await.map_err(Error::Monitoring)?;
    }
    sweeper::start(&worker);
    clean_up::start(&worker);
    keys::start(&worker);
    integrity::start(&worker);
    search_rebuild::start(&worker);
    shredding::start(&worker);
    audit::start(&worker);
    withdrawals::start(&worker);
    languages::start(&worker);
    alive::start(&worker);
    tracing::info!(worker.children = slots.len(), "worker is ready");
    consumer::consume(&worker, slots, local).await;
    worker.close().await;
    tracing::info!("worker has stopped");
    Ok(())
}

/// Sees at start that nobody's objects get mixed up, and claims a new bucket. A store that doesn't answer yet is asked
/// later, by the clean-up.
async fn open_bucket(services: &Services, options: &WorkerOptions) -> Result<(), Error> {
    let opening = async {
        match bucket::look(services).await? {
            Bucket::Foreign => return Ok(false),
            Bucket::Unclaimed => _ = bucket::claim(services, options.claims_any_bucket).await?,
            Bucket::Ours => {}
        }
        error::JobResult::Ok(true)
    };
    match tokio::time::timeout(STORE_PATIENCE, opening).await {
        Ok(Ok(false)) => Err(Error::ForeignBucket),
        _ours_or_unknown => Ok(()),
    }
}
