//! The one executable of UNTXT. Each process of the platform is a sub-command.

mod commands;

use std::process::ExitCode;

use clap::Parser;

/// OCR for documents that must not leak.
#[derive(Debug, Parser)]
#[command(name = "untxt", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    untxt_core::tls::install_provider();
    match Cli::parse().command.run() {
        Ok(code) => code,
        Err(error) => commands::report(&error),
    }
}
