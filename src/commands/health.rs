use std::process::ExitCode;

use anyhow::Context;
use untxt_core::{config::Process, monitoring};

use super::serve::{ServeArgs, block_on};

/// Asks the process of these settings whether it is ready: exit code 0 if so, else 1 with the reason.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = args.load(Process::Probe)?.monitoring;
    block_on(|_| async move {
        let address = settings.bind.context("monitoring.bind is needed")?;
        monitoring::probe(&settings, address).await?;
        Ok(ExitCode::SUCCESS)
    })
}
