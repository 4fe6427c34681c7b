//! One file per sub-command. A command reads its settings, starts logging, and calls one crate.

mod certs;
mod config;
mod ocr;
mod serve;
mod storage;

use std::process::ExitCode;

use clap::Subcommand;
use untxt_core::config::Problems;

/// What `untxt` can be asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve S3 from a folder.
    Storage(serve::ServeArgs),
    /// Read one file without any server.
    Ocr(ocr::OcrArgs),
    /// Make the certificates of one installation.
    Certs(certs::CertsArgs),
    /// Print every setting with its default.
    Config,
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Storage(args) => storage::run(&args),
            Self::Ocr(args) => ocr::run(&args),
            Self::Certs(args) => certs::run(&args),
            Self::Config => config::run(),
        }
    }
}

/// Says in one line what went wrong. Wrong settings end with 2, everything else with 1.
#[expect(clippy::print_stderr, reason = "a command tells its person what went wrong")]
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(problems) = error.downcast_ref::<Problems>() {
        eprintln!("untxt: these settings can't be used:\n{problems}");
        return ExitCode::from(2);
    }
    eprintln!("untxt: {error:#}");
    ExitCode::FAILURE
}
