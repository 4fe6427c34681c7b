//! The record of what was done, outside the database.

mod export;
mod head;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use untxt_core::audit::AuditFormat;

use super::serve::ServeArgs;

/// What to do with the record.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Write the record, by default all of it as JSON Lines, which can be checked. It uses the settings of `untxt export`.
    Export {
        /// Begin with what was done at this time or after it (RFC 3339).
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        from: Option<OffsetDateTime>,
        /// End with what was done before this time.
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        to: Option<OffsetDateTime>,
        /// jsonl, csv or syslog (RFC 5424).
        #[arg(long, default_value = "jsonl", value_parser = parse_format)]
        format: AuditFormat,
        /// A new file; otherwise standard output.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        serve: ServeArgs,
    },
    /// Print the head of the last sealed batch. Keep it elsewhere: without it nobody notices that the end was cut off.
    Head {
        #[command(flatten)]
        serve: ServeArgs,
    },
    /// Check an export, and name what was changed, removed, inserted or reordered. It asks no server. Ends with 1 when something is
    /// not as it was written.
    Verify {
        /// The file (JSON Lines); `-`: standard input.
        file: PathBuf,
        /// Public key (PEM) that it is checked with. Repeat it for older ones.
        #[arg(long = "public-key", value_name = "FILE", required = true)]
        keys: Vec<PathBuf>,
        /// A head that was kept elsewhere, which has to be in it. Repeat it for more.
        #[arg(long = "head", value_name = "FILE")]
        heads: Vec<PathBuf>,
    },
}

/// Writes or checks the record.
pub(crate) fn run(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        AuditCommand::Export { from, to, format, output, serve } => {
            export::run(serve, (*from, *to), *format, output.as_deref())
        }
        AuditCommand::Head { serve } => head::run(serve),
        AuditCommand::Verify { file, keys, heads } => verify::run(file, keys, heads),
    }
}

fn parse_time(text: &str) -> anyhow::Result<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).context("write it like 2026-01-31T00:00:00Z")
}

fn parse_format(text: &str) -> anyhow::Result<AuditFormat> {
    text.parse().context("it is jsonl, csv or syslog")
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it found")]
fn say(line: &str) {
    println!("{line}");
}
