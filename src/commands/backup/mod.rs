//! Backup and restore: `untxt export`, `untxt import`, and `untxt backup` for keys and checks.
//!
//! It promises that a backup is one moment of everything or says what it lacks, that whoever finds the folder reads
//! nothing, and that a run that was killed goes on where it was. It never writes the root key into a backup, and it never
//! holds the key that opens one while it makes it.

mod export;
mod files;
mod folder;
mod identity;
mod import;
mod manifest;
mod objects;
mod progress;
mod receipts;
mod seal;
mod sealed;
mod verify;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use untxt_core::{
    audit::{AuditAction, AuditDetail, AuditObjectKind},
    config::{Process, Settings},
    crypto::age::Recipient,
};

use super::{
    record::{Deed, record, recorded},
    serve::{ServeArgs, block_on},
};

/// What a command gives when it did its work, but something was not whole.
pub(super) const NOT_WHOLE: u8 = 3;

/// What to back up and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Folder of backups; a new or an empty one, or one of before, which then gets what is new. Never in the data folder.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Who can open the backup: an age recipient (`untxt backup key`, or `age-keygen`). Repeat it for more.
    #[arg(long = "recipient", value_name = "AGE1…", required = true, value_parser = parse_recipient)]
    recipients: Vec<Recipient>,
    /// Backups to keep in this folder; older ones are removed when the new one is whole.
    #[arg(long, value_name = "NUMBER", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
    #[command(flatten)]
    serve: ServeArgs,
}

/// What to restore.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Folder of backups.
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// File with the identity that opens the backup.
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// Which backup, by the name of its folder; the newest if not given.
    #[arg(long, value_name = "NAME")]
    backup: Option<String>,
    /// Receipts (`untxt receipts export`) of documents that must not come back, beside those of the bucket and of the other
    /// backups in the folder.
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
    /// Restore what is whole, though some objects are damaged or missing.
    #[arg(long)]
    accept_damaged: bool,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Keys and checks of backups.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    command: BackupCommand,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Make an identity, which opens backups, and print its recipient, for whom they are made.
    Key {
        /// New file for the identity. Keep it away from the server and from the backups.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check every file of a backup against its SHA-256.
    Verify {
        /// Folder of backups.
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// File with the identity; then the backup is opened, too.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// File of the root key; then it is checked that the backup belongs to it.
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
        /// Which backup, by the name of its folder; the newest if not given.
        #[arg(long, value_name = "NAME")]
        backup: Option<String>,
    },
}

/// Writes a backup.
pub(crate) fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let settings = args.serve.load(Process::Backup)?;
    block_on(|lifecycle| async move {
        let stop = lifecycle.stop_token();
        let deed = Deed::new(AuditAction::BackupExported).on(AuditObjectKind::Installation);
        // Whoever stops it at the last moment has taken a backup all the same.
        record(&settings.database, &deed.saying(AuditDetail::new("begun")), true).await?;
        let exporting = export::run(&settings, &args.to, &args.recipients, usize::from(args.keep));
        let exporting = Box::pin(recorded(&settings.database, &deed, exporting));
        match stop.run_until_cancelled(exporting).await {
            Some(is_whole) => Ok(code(is_whole.context("no backup was written")?)),
            None => bail!("stopped; the same command goes on where it was"),
        }
    })
}

/// Restores a backup.
pub(crate) fn import(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let settings = args.serve.load(Process::Backup)?;
    block_on(|lifecycle| async move {
        let stop = lifecycle.stop_token();
        let deed = Deed::new(AuditAction::BackupImported).on(AuditObjectKind::Installation);
        let importing = Box::pin(recorded(&settings.database, &deed, import::run(&settings, args)));
        match stop.run_until_cancelled(importing).await {
            Some(is_whole) => Ok(code(is_whole.context("nothing was restored")?)),
            None => bail!("stopped, and nothing is visible yet; the same command goes on where it was"),
        }
    })
}

/// Makes keys and checks backups; neither needs a running installation.
pub(crate) fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        BackupCommand::Key { out } => identity::create(out).map(|()| ExitCode::SUCCESS),
        BackupCommand::Verify { from, identity, root_key, backup } => block_on(|_| async move {
            verify::run(from, backup.as_deref(), identity.as_deref(), root_key.as_deref()).await.map(code)
        }),
    }
}

/// Writes a backup before a change, as `untxt export` does, and removes none; says whether it is whole.
pub(super) async fn export_before(settings: &Settings, to: &Path, recipients: &[Recipient]) -> anyhow::Result<bool> {
    export::run(settings, to, recipients, usize::MAX).await
}

fn code(is_whole: bool) -> ExitCode {
    if is_whole { ExitCode::SUCCESS } else { ExitCode::from(NOT_WHOLE) }
}

pub(super) fn parse_recipient(text: &str) -> Result<Recipient, String> {
    text.parse().map_err(|error: untxt_core::crypto::age::AgeError| error.to_string())
}

/// Prints a line for the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command tells its person what it does")]
fn say(line: &str) {
    println!("{line}");
}
