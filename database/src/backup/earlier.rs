//! A backup of an earlier version: its rows go into tables as they were then, which are migrated on before anybody sees
//! them.

use sqlx::Executor;

use super::{Layout, Migration, Restore};
use crate::{Result, migrate};

/// Migrations meet row-level security as they do in an upgrade.
const AS_EVER: &str = "set local row_security = on";
/// As [`Restore::begin`] has it.
const ALL_OR_ERROR: &str = "set local row_security = off";

impl Layout {
    /// Says whether this version knows all its migrations, as the first ones of its own, and can apply the others at
    /// once.
    fn is_earlier(&self) -> bool {
        let mut known = migrate::known();
        let is_known = |ours: &sqlx::migrate::Migration, theirs: &Migration| {
            ours.version == theirs.version && hex::encode(&ours.checksum) == theirs.checksum
        };
        self.migrations.iter().all(|theirs| known.next().is_some_and(|ours| is_known(ours, theirs)))
            && known.all(|later| !later.no_tx)
    }
}

impl Restore {
    /// Makes the tables those of a backup, if this version has grown from the one that wrote it; false: it has not.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn go_back_to(&mut self, backup: &Layout) -> Result<bool> {
        let ours = self.layout().await?;
        if ours == *backup {
            return Ok(true);
        }
        if ours.version() != migrate::newest() || !backup.is_earlier() {
            return Ok(false);
        }
        self.tx.execute(AS_EVER).await?;
        migrate::build_anew(&mut self.tx, backup.version()).await?;
        self.tx.execute(ALL_OR_ERROR).await?;
        self.tables = self.layout().await?.tables;
        self.open_tables().await?;
        self.empty_tables().await?;
        Ok(self.layout().await? == *backup)
    }

    /// Applies the migrations that came after the backup to the rows that were written; gives how many.
    ///
    /// # Errors
    /// [`crate::Error::Conflict`] when a row breaks a constraint of theirs.
    pub async fn migrate_on(&mut self) -> Result<usize> {
        let before = self.layout().await?;
        if before.version() == migrate::newest() {
            return Ok(0);
        }
        self.close_tables().await?;
        self.tx.execute(AS_EVER).await?;
        migrate::apply_within(&mut self.tx, before.version(), migrate::newest()).await?;
        self.tx.execute(ALL_OR_ERROR).await?;
        let after = self.layout().await?;
        self.tables = after.tables;
        self.open_tables().await?;
        Ok(after.migrations.len() - before.migrations.len())
    }
}
