//! `untxt migrate`: what is pending, whether it works, a backup before it, and a look at everything after it.
//!
//! It promises that nothing is changed before the backup is whole, and that a run that was killed goes on. It prints
//! names of tables, numbers and ids, never what opened.

mod show;
mod verify;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, ensure};
use clap::Args;
use untxt_core::{
    audit::{AuditAction, AuditObjectKind},
    config::{Database, Process, Settings},
    crypto::age::Recipient,
};
use untxt_database::{
    backup::OLDEST_FOR_BACKUP,
    migrate::{self, Plan},
};

use super::{
    backup::{NOT_WHOLE, export_before, parse_recipient},
    record::{Deed, recorded},
    serve::{ServeArgs, block_on, lock_keys},
};

/// What to do besides migrating, or instead of it.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Only say what is pending and what it touches. Ends with 3 when something is pending.
    #[arg(long, conflicts_with_all = ["dry_run", "backup", "verify"])]
    plan: bool,
    /// Do everything to the real tables in one transaction, take it back, and say how long it takes.
    #[arg(long, conflicts_with_all = ["backup", "verify"])]
    dry_run: bool,
    /// When something is pending, first write a backup to this folder, as `untxt export` does.
    #[arg(long, value_name = "FOLDER", requires_all = ["recipients", "backup_config"])]
    backup: Option<PathBuf>,
    /// Who can open that backup; repeat it for more.
    #[arg(long = "recipient", value_name = "AGE1…", requires = "backup", value_parser = parse_recipient)]
    recipients: Vec<Recipient>,
    /// Afterwards compare tables and grants with those of a new installation, count rows, and open every owner key and some
    /// documents. Ends with 3 when something is not as it should be.
    #[arg(long, requires = "backup_config")]
    verify: bool,
    /// With --verify: open all documents.
    #[arg(long, requires = "verify")]
    all: bool,
    /// Settings of `untxt export`, which reads everything: for --backup and --verify. The environment changes nothing in them.
    #[arg(long, value_name = "FILE")]
    backup_config: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Brings the tables to the state that this executable knows.
pub(crate) fn run(args: &MigrateArgs) -> anyhow::Result<ExitCode> {
    let settings = args.serve.load(Process::Migrate)?.database;
    let reader = args.backup_config.as_deref().map(read_settings).transpose()?;
    block_on(|_| async move {
        let is_well = if args.plan {
            show::plan(&migrate::plan(&settings).await?)
        } else if args.dry_run {
            show::rehearsal(&migrate::rehearse(&settings).await.context("nothing was changed; the dry run failed")?);
            true
        } else {
            args.migrate(&settings, reader.as_ref()).await?
        };
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(NOT_WHOLE) })
    })
}

impl MigrateArgs {
    /// Migrates, and does what was asked for before and after; says whether everything is as it should be.
    async fn migrate(&self, settings: &Database, reader: Option<&Settings>) -> anyhow::Result<bool> {
        let plan = migrate::plan(settings).await.context("the database can't be migrated")?;
        let is_pending = !plan.pending.is_empty();
        if let (Some(to), Some(reader), true) = (&self.backup, reader, is_pending && plan.level > 0) {
            ensure!(
                plan.level >= OLDEST_FOR_BACKUP,
                "tables of migration {} can't be backed up by this version: use `untxt export` of the one that runs",
                plan.level
            );
            let is_whole = export_before(reader, to, &self.recipients).await;
            let is_whole = is_whole.context("no backup was written, and nothing was migrated")?;
            ensure!(is_whole, "the backup lacks what the store has lost, and nothing was migrated");
        }
        let checking = reader.filter(|_| self.verify);
        let before = match checking {
            Some(reader) if is_pending && plan.level > 0 => Some(verify::count_rows(&reader.database).await?),
            _ => None,
        };
        migrate_recorded(settings, is_pending).await?;
        show::done(&plan);
        match checking {
            Some(reader) => verify::run(settings, reader, before.as_ref(), self.all).await,
            None => Ok(true),
        }
    }
}

/// Migrates, and writes it down if there is something to do.
pub(super) async fn migrate_recorded(settings: &Database, is_pending: bool) -> anyhow::Result<()> {
    let migrating = async { untxt_database::migrate(settings).await.context("the database can't be migrated") };
    if is_pending {
        let deed = Deed::new(AuditAction::DatabaseMigrated).on(AuditObjectKind::Installation);
        recorded(settings, &deed, migrating).await
    } else {
        migrating.await
    }
}

fn read_settings(file: &Path) -> anyhow::Result<Settings> {
    let settings = Settings::load_from(Some(file), [], Process::Backup)?;
    // The migration itself has no keys; a backup and a look at everything open them.
    lock_keys(&settings.encryption)?;
    Ok(settings)
}

/// Says which migrations a plan had, in a few words.
fn name_range(plan: &Plan) -> String {
    match (plan.pending.first(), plan.pending.last()) {
        (Some(first), Some(last)) if first != last => format!("migrations {} to {}", first.version, last.version),
        (Some(only), _) => format!("migration {}", only.version),
        _ => "nothing".to_owned(),
    }
}
