use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use time::OffsetDateTime;
use tokio::task::block_in_place;
use untxt_core::{
    audit::{AuditAction, AuditDetail, AuditFormat, AuditObjectKind},
    config::Process,
};
use untxt_database::{Database, audit::AuditWalk};

use super::super::{
    record::{Deed, record},
    serve::{ServeArgs, block_on},
};

/// Writes the record between two times, and first writes into it that somebody does.
pub(super) fn run(
    serve: &ServeArgs,
    (from, to): (Option<OffsetDateTime>, Option<OffsetDateTime>),
    format: AuditFormat,
    output: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let settings = serve.load(Process::Migrate)?;
    block_on(|_| async move {
        let mut sink: Box<dyn Write> = match output {
            Some(path) => {
                let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
                Box::new(file.with_context(|| format!("{} can't be written", path.display()))?)
            }
            None => Box::new(io::stdout().lock()),
        };
        let deed =
            Deed::new(AuditAction::AuditExported).on(AuditObjectKind::Audit).saying(AuditDetail::new(format.as_str()));
        record(&settings.database, &deed, true).await?;
        let database =
            Database::connect(&settings.database, "untxt-audit").await.context("the database can't be reached")?;
        let mut sink = BufWriter::new(&mut sink);
        let (mut walk, mut text) = (AuditWalk::new(from, to), String::new());
        loop {
            // A transaction for each step: an export may take long.
            let mut tx = database.begin_system().await?;
            let lines = walk.next(&mut tx).await?;
            tx.commit().await?;
            if lines.is_empty() {
                break;
            }
            text.clear();
            lines.iter().for_each(|line| format.write(line, &mut text));
            block_in_place(|| sink.write_all(text.as_bytes())).context("the export can't be written")?;
        }
        block_in_place(|| sink.flush()).context("the export can't be written")?;
        Ok(ExitCode::SUCCESS)
    })
}
