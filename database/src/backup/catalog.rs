use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::RowBytes;
use crate::{Error, Result};

/// What sqlx writes down for itself; it is compared, not copied.
const MIGRATIONS: &str = "_sqlx_migrations";

/// What a database is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Migrations that were applied, oldest first.
    pub migrations: Vec<Migration>,
    /// All tables but the list of migrations; what a table refers to comes before it.
    pub tables: Vec<Table>,
}

/// A migration that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// SHA-384 of its text, in hexadecimal.
    pub checksum: String,
}

/// A table with all its columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Columns that hold something of their own, in the order of the table.
    pub columns: Vec<String>,
    /// Terms to sort by, quoted: the primary key.
    pub order: Vec<String>,
}

/// Where a sequence stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name.
    pub name: String,
    /// The last value it gave, or its first if it gave none.
    pub last_value: i64,
    /// Whether it has given that value.
    pub is_called: bool,
}

impl Layout {
    /// Reads the layout of the database.
    pub(super) async fn load(conn: &mut PgConnection) -> Result<Self> {
        Ok(Self { migrations: load_migrations(conn).await?, tables: load_tables(conn).await? })
    }

    /// Gives the number of the newest migration, 0 when there is none.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.migrations.last().map_or(0, |migration| migration.version)
    }
}

impl Table {
    /// Reads all rows.
    pub(super) async fn read<'a>(&self, conn: &'a mut PgConnection) -> Result<RowBytes<'a>> {
        let statement = format!(
            "copy (select {} from public.{} order by {}) to stdout (format binary)",
            self.column_list(),
            quote(&self.name),
            self.order.join(", "),
        );
        Ok(conn.copy_out_raw(&statement).await?.map_err(Error::from).boxed())
    }

    /// Gives the statement that takes what [`Self::read`] gives.
    pub(super) fn write_statement(&self) -> String {
        format!("copy public.{} ({}) from stdin (format binary)", quote(&self.name), self.column_list())
    }

    fn column_list(&self) -> String {
        self.columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
    }
}

/// Quotes a name of the catalog.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn load_migrations(conn: &mut PgConnection) -> Result<Vec<Migration>> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select version, encode(checksum, 'hex') from _sqlx_migrations where success order by version")
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(version, checksum)| Migration { version, checksum }).collect())
}

/// A table, its columns, its key, and the other tables that it refers to.
type TableRow = (String, Vec<String>, Vec<String>, Vec<String>);

async fn load_tables(conn: &mut PgConnection) -> Result<Vec<Table>> {
    let rows: Vec<TableRow> = sqlx::query_as(
        "select
            t.relname::text,
            array(
                select c.attname::text
                from pg_attribute c
                where c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped
                    -- Postgres makes the values of generated columns itself
                    and c.attgenerated = ''
                order by c.attnum
            ),
            array(
                -- Texts by their bytes: collations differ between servers.
                select quote_ident(c.attname) || case when c.attcollation = 0 then '' else ' collate \"C\"' end
                from pg_index i
                cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
                join pg_attribute c on c.attrelid = t.oid and c.attnum = k.attnum
                where i.indrelid = t.oid and i.indisprimary
                order by k.place
            ),
            array(
                select distinct r.relname::text
                from pg_constraint f
                join pg_class r on r.oid = f.confrelid
                where f.conrelid = t.oid and f.contype = 'f' and f.confrelid <> t.oid
            )
        from pg_class t
        where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and not t.relispartition
            and t.relname <> $1
            -- What an extension brought comes with it.
            and not exists (
                select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.deptype = 'e'
            )
        order by t.relname",
    )
    .bind(MIGRATIONS)
    .fetch_all(conn)
    .await?;
    sort(rows)
}

/// Sorts tables so that each comes after those that it refers to.
fn sort(rows: Vec<TableRow>) -> Result<Vec<Table>> {
    let refuse = |name: &str, reason: &str| {
        Error::Refused(sqlx::Error::Protocol(format!("the table {name} can't be backed up: {reason}")))
    };
    let mut left: BTreeMap<String, TableRow> = rows.into_iter().map(|row| (row.0.clone(), row)).collect();
    let mut sorted = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let next = left.iter().find(|(_, row)| row.3.iter().all(|other| !left.contains_key(other)));
        let Some(name) = next.map(|(name, _)| name.clone()) else {
            return Err(refuse(
                left.keys().next().map_or("", String::as_str),
                "tables refer to each other in a circle",
            ));
        };
        if let Some((name, columns, order, _)) = left.remove(&name) {
            if order.is_empty() {
                return Err(refuse(&name, "it has no primary key"));
            }
            sorted.push(Table { name, columns, order });
        }
    }
    Ok(sorted)
}

/// Reads where all sequences stand.
pub(super) async fn load_sequences(conn: &mut PgConnection) -> Result<Vec<Sequence>> {
    let names: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'S'
            and not exists (
                select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = pg_class.oid and d.deptype = 'e'
            )
        order by relname",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut sequences = Vec::with_capacity(names.len());
    for name in names {
        let statement = format!("select last_value, is_called from public.{}", quote(&name));
        let (last_value, is_called) = sqlx::query_as(sqlx::AssertSqlSafe(statement)).fetch_one(&mut *conn).await?;
        sequences.push(Sequence { name, last_value, is_called });
    }
    Ok(sequences)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, refers_to: &[&str]) -> TableRow {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        (name.to_owned(), vec!["id".to_owned()], vec!["id".to_owned()], owned(refers_to))
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let rows = vec![row("a", &["c"]), row("b", &["a", "c"]), row("c", &["d"]), row("d", &[])];
        let names: Vec<_> = sort(rows).expect("sorted").into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["d", "c", "a", "b"]);
        sort(vec![row("a", &["b"]), row("b", &["a"])]).expect_err("a circle");
        sort(vec![("a".to_owned(), vec!["id".to_owned()], vec![], vec![])]).expect_err("no key");
    }
}
