use std::process::ExitCode;

use anyhow::Context;
use untxt_core::config::Process;

use super::serve::{ServeArgs, block_on};

/// Serves HTTPS and WSS until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = args.load(Process::Backend)?;
    block_on(|lifecycle| async move {
        untxt_backend::run(settings, &lifecycle).await.context("the backend can't run")?;
        Ok(ExitCode::SUCCESS)
    })
}
