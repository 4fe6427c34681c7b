//! Writing down what a command does: it asks no API, so nobody else would.

use anyhow::Context;
use untxt_core::{
    audit::{AuditAction, AuditDetail, AuditEntry, AuditObject, AuditObjectKind, AuditOutcome},
    config,
};
use untxt_database::{Database, audit};

/// What a command is about to do, or has done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed(AuditEntry);

impl Deed {
    /// Begins: done by a command, by nobody whom the platform knows.
    pub(crate) const fn new(action: AuditAction) -> Self {
        let mut entry = AuditEntry::new(action, AuditOutcome::Ok);
        entry.detail = Some(AuditDetail::new("command"));
        Self(entry)
    }

    /// To everything of that kind.
    pub(crate) const fn on(mut self, kind: AuditObjectKind) -> Self {
        self.0.object = Some(AuditObject::all(kind));
        self
    }

    /// To this thing.
    pub(crate) fn to(mut self, object: impl Into<AuditObject>) -> Self {
        self.0.object = Some(object.into());
        self
    }

    /// Says more than that it was a command.
    pub(crate) const fn saying(mut self, detail: AuditDetail) -> Self {
        self.0.detail = Some(detail);
        self
    }
}

/// Does something and writes down how it ended. What was done stays done if that can't be written, and the command says so.
pub(crate) async fn recorded<T>(
    settings: &config::Database,
    deed: &Deed,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let done = work.await;
    let written = record(settings, deed, done.is_ok()).await;
    match (done, written) {
        (Ok(_), Err(error)) => Err(error.context("it was done, but the record does not say so")),
        (done, _) => done,
    }
}

/// Writes down that something was done, or failed.
pub(crate) async fn record(settings: &config::Database, deed: &Deed, is_done: bool) -> anyhow::Result<()> {
    let outcome = if is_done { AuditOutcome::Ok } else { AuditOutcome::Failed };
    let entry = AuditEntry { action: deed.0.action.with(outcome), outcome, ..deed.0 };
    let writing = async {
        let database = Database::connect(settings, "untxt-record").await?;
        let mut tx = database.begin_system().await?;
        // Tables of an earlier version have none: a backup is made of them before they are migrated.
        if audit::is_there(&mut tx).await? {
            audit::record(&mut tx, &entry).await?;
        }
        tx.commit().await?;
        database.close().await;
        untxt_database::Result::Ok(())
    };
    writing.await.context("the record of what was done can't be written")
}
