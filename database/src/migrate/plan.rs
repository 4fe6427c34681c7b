use std::collections::BTreeSet;

use sqlx::{Connection, PgConnection, migrate::Migration};
use untxt_core::config;

use super::{connect, newest, pending};
use crate::{Result, row::Row};

/// The first migration under which keys have a state and a form.
const KEYS_HAVE_FORMS: i64 = 18;

/// What a run of [`super::migrate`] would do, and what is still to be done with keys after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Newest migration in the database, 0 when it is empty.
    pub level: i64,
    /// Newest migration of this executable.
    pub newest: i64,
    /// What would be applied, in this order.
    pub pending: Vec<Pending>,
    /// Owner keys in the form of the first versions, whose index key the root key wraps. `None`: all keys there are.
    pub old_keys: Option<u64>,
}

/// A migration that is not applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub version: i64,
    /// What it is for.
    pub description: String,
    /// It runs in a transaction; otherwise it can't be tried before.
    pub in_transaction: bool,
    /// Tables of now that it changes or closes for a moment.
    pub tables: Vec<TableSize>,
}

/// A table and how much is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub name: String,
    /// About how many rows, by the statistics of Postgres.
    pub rows: u64,
    /// Bytes on disk, with indexes.
    pub bytes: u64,
}

/// Finds out what is pending, as role `untxt_migrate`. It changes nothing and waits for nobody.
///
/// # Errors
/// [`crate::Error::NewerData`] when a newer version was here; [`crate::Error::Migration`] when a migration has changed
/// since it was applied.
pub async fn plan(settings: &config::Database) -> Result<Plan> {
    let mut conn = connect(settings).await?;
    let left = pending(&mut conn).await?;
    let sizes = load_sizes(&mut conn).await?;
    let level = left.first().map_or(newest(), |first| first.version - 1);
    let old_keys = if level >= KEYS_HAVE_FORMS { Some(count_old_keys(&mut conn).await?) } else { None };
    conn.close().await?;
    let pending = left.into_iter().map(|migration| Pending::new(migration, &sizes)).collect();
    Ok(Plan { level, newest: newest(), pending, old_keys })
}

impl Pending {
    pub(super) fn new(migration: &Migration, sizes: &[TableSize]) -> Self {
        let named = tables_of(migration.sql.as_str());
        Self {
            version: migration.version,
            description: migration.description.to_string(),
            in_transaction: !migration.no_tx,
            tables: sizes.iter().filter(|table| named.contains(table.name.as_str())).cloned().collect(),
        }
    }
}

/// Gives the names that stand where a statement says which table it changes, closes or refers to. Bodies of functions
/// don't count: they run later.
fn tables_of(sql: &str) -> BTreeSet<&str> {
    let outside = sql.split("$$").step_by(2);
    let code = outside.flat_map(str::lines).map(|line| line.split("--").next().unwrap_or_default());
    let words: Vec<_> = code
        .flat_map(|line| line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')))
        .filter(|word| !word.is_empty())
        .collect();
    let before = ["table", "update", "into", "from", "on", "references"];
    words.windows(2).filter(|pair| before.contains(&pair[0])).map(|pair| pair[1]).collect()
}

async fn load_sizes(conn: &mut PgConnection) -> Result<Vec<TableSize>> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select
            c.relname::text,
            greatest(coalesce(s.n_live_tup, 0), c.reltuples::bigint, 0),
            pg_total_relation_size(c.oid)
        from pg_class c
        left join pg_stat_all_tables s on s.relid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        order by c.relname",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(name, rows, bytes)| {
            let at = Row { table: "pg_class", id: &name };
            Ok(TableSize { rows: at.number("rows", rows)?, bytes: at.number("bytes", bytes)?, name: name.clone() })
        })
        .collect()
}

async fn count_old_keys(conn: &mut PgConnection) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from public.owner_keys where index_wrapped_by = 'root' and state <> 'destroyed'",
    )
    .fetch_one(conn)
    .await?;
    Row { table: "owner_keys", id: &"all" }.number("count", count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_a_migration_are_those_that_it_names_outside_of_functions() {
        let sql = "-- update of nothing\nalter table tasks add column x text;\nupdate pages set y = 1;
            create index i on documents (z);
            create table later (id uuid references users (id));
            create function f() returns void as $$ delete from sessions; $$;
            grant select on turns to untxt_worker";
        let all = ["tasks", "pages", "documents", "later", "users", "turns"];
        assert_eq!(tables_of(sql), all.into_iter().collect());
    }
}
