use std::process::ExitCode;

use anyhow::Context;
use untxt_core::config::Process;

use super::serve::{ServeArgs, block_on};

/// Brings the tables to the state that this executable knows.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = args.load(Process::Migrate)?.database;
    block_on(|_| async move {
        untxt_database::migrate(&settings).await.context("the database can't be migrated")?;
        Ok(ExitCode::SUCCESS)
    })
}
