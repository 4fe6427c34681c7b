use std::process::ExitCode;

use anyhow::Context;
use untxt_core::config::Process;

use super::serve::{ServeArgs, block_on};

/// Reads pages until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = args.load(Process::Worker)?;
    block_on(|lifecycle| async move {
        untxt_worker::run(settings, lifecycle).await.context("the worker can't run")?;
        Ok(ExitCode::SUCCESS)
    })
}
