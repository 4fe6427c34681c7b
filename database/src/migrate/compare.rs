use std::collections::BTreeSet;

use sqlx::{Connection, Executor, PgConnection};
use untxt_core::config;

use super::{apply_within, connect, newest};
use crate::Result;

/// A new schema takes the name for a moment, in a transaction that is taken back: nobody else ever sees it. What
/// `database/conf/database.sql` gives to the role that backs up, it gets here, too.
const BEGIN_ANEW: &str = "alter schema public rename to untxt_compared;
    create schema public;
    alter default privileges for role untxt_owner in schema public grant select on tables to untxt_backup;
    alter default privileges for role untxt_owner in schema public grant select on sequences to untxt_backup";

/// How the tables differ from those that a new installation of this version has, a line for each thing of the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// A new installation has them, this one doesn't.
    pub missing: Vec<String>,
    /// This one has them, a new installation doesn't.
    pub unexpected: Vec<String>,
    /// How many things were compared.
    pub compared: usize,
}

impl Difference {
    /// Says whether there is none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty()
    }
}

/// Compares tables, columns, constraints, indexes, triggers, policies, functions, sequences and grants, all from the catalog,
/// with those that all migrations make of nothing, as role `untxt_migrate`. Nobody waits for it, and nothing is changed.
///
/// # Errors
/// [`crate::Error::Refused`] when the role may not make a schema in this database.
pub async fn compare(settings: &config::Database) -> Result<Difference> {
    let mut conn = connect(settings).await?;
    let mut tx = conn.begin().await?;
    let ours = describe(&mut tx).await?;
    tx.execute(BEGIN_ANEW).await?;
    apply_within(&mut tx, 0, newest()).await?;
    let fresh = describe(&mut tx).await?;
    tx.rollback().await?;
    conn.close().await?;
    Ok(Difference {
        missing: fresh.difference(&ours).cloned().collect(),
        unexpected: ours.difference(&fresh).cloned().collect(),
        compared: fresh.len(),
    })
}

async fn describe(conn: &mut PgConnection) -> Result<BTreeSet<String>> {
    let lines: Vec<String> = sqlx::query_scalar(include_str!("schema.sql")).fetch_all(conn).await?;
    Ok(lines.into_iter().collect())
}
