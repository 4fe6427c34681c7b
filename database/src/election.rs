//! Who does what only one process may do at a time.
//!
//! It promises that of all processes one is elected for a duty, until it ends its election, dies, or says nothing for a
//! minute. It refuses to hold any row, and to guard what is done: whoever lapsed may still be at work when the next one is
//! elected, so every duty can be done by two at once without harm.

use sqlx::PgConnection;

use crate::{Database, Result, Transaction};

/// What only one process does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Putting into the trash what rules of folders don't keep any longer.
    ApplyRules,
    /// Reading stored files again.
    CheckFiles,
    /// Removing objects that no row names.
    CleanUp,
    /// Replacing, wrapping anew and destroying keys.
    KeepKeys,
    /// Making rows of the search index that are missing or old.
    RebuildSearch,
    /// Removing objects of documents that are gone, and signing receipts.
    Shred,
    /// Repairing what lost its worker or its wake-up.
    Sweep,
}

impl Duty {
    /// Any numbers, the same in every process.
    const fn lock(self) -> i64 {
        match self {
            Self::ApplyRules => 0x554e_5458_5446,
            Self::CheckFiles => 0x554e_5458_5449,
            Self::CleanUp => 0x554e_5458_5443,
            Self::KeepKeys => 0x554e_5458_544b,
            Self::RebuildSearch => 0x554e_5458_5453,
            Self::Shred => 0x554e_5458_5444,
            Self::Sweep => 0x554e_5458_5457,
        }
    }
}

/// That this process is the one; over when dropped.
#[derive(Debug)]
pub struct Election(Transaction);

impl Election {
    /// Stands for election; `None`: somebody else is at it.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn win(database: &Database, duty: Duty) -> Result<Option<Self>> {
        let mut tx = database.begin_system().await?;
        Ok(elect(&mut tx, duty).await?.then_some(Self(tx)))
    }

    /// Tells the server that this one is still at it; to be called more often than once a minute.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]: it lapsed, and somebody else may have begun.
    pub async fn keep(&mut self) -> Result<()> {
        keep(&mut self.0).await
    }

    /// Gives the connection, for reading; a question keeps the election too.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Lets the next one be elected.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]: it had lapsed.
    pub async fn end(self) -> Result<()> {
        self.0.commit().await
    }
}

/// Elects the caller's transaction, until it ends; `false`: somebody else is at it.
pub(crate) async fn elect(conn: &mut PgConnection, duty: Duty) -> Result<bool> {
    let is_elected = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "is_elected!""#, duty.lock())
        .fetch_one(conn)
        .await?;
    Ok(is_elected)
}

/// Elects the caller's connection, until it is closed; `false`: somebody else is at it.
pub(crate) async fn elect_connection(conn: &mut PgConnection, duty: Duty) -> Result<bool> {
    let is_elected =
        sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "is_elected!""#, duty.lock()).fetch_one(conn).await?;
    Ok(is_elected)
}

/// Tells the server that the caller's transaction is not forgotten.
pub(crate) async fn keep(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(r#"select 1 as "one!""#).fetch_one(conn).await?;
    Ok(())
}
