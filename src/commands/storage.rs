use std::process::ExitCode;

use anyhow::Context;
use untxt_core::{config::Process, storage::server};

use super::serve::{ServeArgs, block_on};

/// Serves S3 from the configured folder until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = args.load(Process::Store)?;
    block_on(|lifecycle| async move {
        server::serve(&settings, &lifecycle).await.context("the store can't run")?;
        Ok(ExitCode::SUCCESS)
    })
}
