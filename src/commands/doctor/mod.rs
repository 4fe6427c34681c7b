//! `untxt doctor`: every hop of a process, tried as that process and in every way that must fail.
//!
//! It promises that a verdict is computed from what servers did, that what could not be seen counts as not seen, that
//! every trial ends in bounded time, and that no secret is printed. It refuses to mend anything.

mod diagnose;
mod examine;
mod finding;
mod hop;
mod identity;
mod inventory;
mod logins;
mod peer;
mod report;
mod speech;
#[cfg(test)]
mod tests;
mod wire;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use futures::future::join_all;
use untxt_core::{
    clock,
    config::{Problems, Process},
};

use self::{examine::Doctor, inventory::inventory};
use super::serve::{ServeArgs, block_on};

/// Whose hops, and how they are told.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// The process that the settings are of.
    #[arg(long, value_enum, default_value_t = As::Backend)]
    process: As,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// List the hops without trying them.
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, default_missing_value = "markdown")]
    inventory: Option<Format>,
    /// Folder of the authorities with their keys (certs/ca), to try client certificates that are out of date.
    #[arg(long, value_name = "FOLDER")]
    authority: Option<PathBuf>,
    /// Print every finding there is, as the table of OPERATIONS.md.
    #[arg(long)]
    findings: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum As {
    Backend,
    Worker,
    Migrate,
    Backup,
    Storage,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Json,
    Markdown,
    Html,
}

/// Tries every hop: exit code 0 if all are good, 1 if one is weaker than it should be, 2 if one could not be probed.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    match examine(args) {
        Err(error) if !error.is::<Problems>() => {
            super::report(&error);
            Ok(ExitCode::from(2))
        }
        done => done,
    }
}

fn examine(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.findings {
        say(&finding::markdown());
        return Ok(ExitCode::SUCCESS);
    }
    let process = match args.process {
        As::Backend => Process::Backend,
        As::Worker => Process::Worker,
        As::Migrate => Process::Migrate,
        As::Backup => Process::Backup,
        As::Storage => Process::Store,
    };
    let hops = inventory(&args.serve.read(process)?, process);
    if let Some(format) = args.inventory {
        say(&match format {
            Format::Json => format!("{:#}\n", serde_json::json!(hops)),
            Format::Markdown => report::inventory_markdown(&hops),
            Format::Html => report::inventory_html(&hops),
        });
        return Ok(ExitCode::SUCCESS);
    }
    let doctor = Doctor { now: clock::now(), authority: args.authority.clone() };
    let examined = block_on(|_| async { Ok(join_all(hops.into_iter().map(|hop| doctor.examine(hop))).await) })?;
    say(&if args.json { report::json(&examined) } else { report::table(&examined) });
    Ok(ExitCode::from(report::exit_code(&examined)))
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it saw")]
fn say(text: &str) {
    print!("{text}");
}
