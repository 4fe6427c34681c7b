use std::process::ExitCode;

use anyhow::Context;

/// Prints the description of the API, as docs/openapi.json has it.
#[expect(clippy::print_stdout, reason = "printing is what this command is for")]
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let description = untxt_backend::describe().context("the API can't be described")?;
    println!("{}", serde_json::to_string_pretty(&description)?);
    Ok(ExitCode::SUCCESS)
}
