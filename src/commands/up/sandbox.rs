use std::path::Path;

use anyhow::bail;
use untxt_core::config::{Process, Settings};
use untxt_worker::{Error, sandbox::Fault};

/// Refuses a kernel that doesn't confine a reader, before anything is started.
pub(super) async fn check(worker_settings: &Path) -> anyhow::Result<()> {
    let settings = Settings::load_from(Some(worker_settings), [], Process::Worker)?;
    match untxt_worker::check_sandbox(&settings).await {
        Err(Error::Sandbox(Fault::Unconfined(layer))) => {
            let name = layer.name();
            bail!("this kernel gives readers no {name}: run one that does, or accept it with --accept-without {name}")
        }
        checked => Ok(checked?),
    }
}
