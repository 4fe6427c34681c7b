//! Telling which languages this worker can read, so that an upload that asks for another is refused at once.

use std::{sync::Arc, time::Duration};

use untxt_core::telemetry::chain;
use untxt_ocr::LanguageData;

use crate::{error::JobResult, repeat::repeat, worker::Worker};

/// A language that was installed meanwhile is known after this; one that no worker tells of is forgotten in a day.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Starts to tell, until the worker stops.
pub(crate) fn start(worker: &Arc<Worker>) {
    let telling = Arc::clone(worker);
    worker.lifecycle.spawn(async move {
        repeat(&telling, TELL_EVERY, |worker| async move {
            if let Err(error) = worker.in_time(tell(&worker)).await {
                tracing::warn!(error = chain(&error), "the installed languages could not be written down");
            }
        })
        .await;
    });
}

async fn tell(worker: &Worker) -> JobResult<()> {
    // a folder without languages is told with the first page
    let Ok(data) = LanguageData::find(worker.options.sandbox.tessdata_path.as_deref()) else { return Ok(()) };
    let mut tx = worker.services.database.begin_system().await?;
    untxt_database::languages::report(&mut tx, &data.installed()).await?;
    tx.commit().await?;
    Ok(())
}
