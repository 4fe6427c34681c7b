use std::process::ExitCode;

/// Prints the commented defaults, which are also the list of all keys.
#[expect(clippy::print_stdout, reason = "printing is what this command is for")]
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    print!("{}", untxt_core::config::DEFAULTS);
    Ok(ExitCode::SUCCESS)
}
