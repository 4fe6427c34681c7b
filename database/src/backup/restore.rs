use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool, Postgres,
    postgres::{PgCopyIn, PgPoolOptions},
};
use untxt_core::config;
use uuid::Uuid;

use super::{Layout, RowBytes, Sequence, Table, catalog::quote};
use crate::{
    Error, Result,
    connect::{ACQUIRE_TIMEOUT, verified_options},
    installation,
    objects::try_hold_off_clean_up,
};

/// All rows of a backup on their way into an installation that nobody has used, as role `untxt_migrate`. Nobody sees
/// any of them before [`Self::commit`]; dropped before it, nothing has happened.
#[derive(Debug)]
pub struct Restore {
    pub(super) tx: sqlx::Transaction<'static, Postgres>,
    /// Of one connection, that of the transaction.
    pool: PgPool,
    pub(super) tables: Vec<Table>,
    /// It stays what it was: its bucket says so too.
    installation: Uuid,
}

/// Keeps workers from removing objects that no row names yet, as long as it lasts.
#[derive(Debug)]
pub struct CleanUpPause {
    conn: PgConnection,
}

impl CleanUpPause {
    /// Begins the pause; `None` when a worker is cleaning up just now.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn begin(settings: &config::Database) -> Result<Option<Self>> {
        let mut conn = verified_options(settings, "untxt-import-pause")?.connect().await?;
        Ok(try_hold_off_clean_up(&mut conn).await?.then_some(Self { conn }))
    }

    /// Checks that it has lasted until now.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it has not.
    pub async fn check(&mut self) -> Result<()> {
        Ok(self.conn.ping().await?)
    }
}

/// A table that is being written.
#[expect(missing_debug_implementations, reason = "sqlx gives none to what is inside")]
pub struct Incoming<'a> {
    copy: PgCopyIn<&'a mut PgConnection>,
}

impl Restore {
    /// Connects, and closes all tables to others until the end. Rows that a fresh installation makes by itself (its
    /// first person, its workers) make room for those to come.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the installation is in use: it has documents, keys or more than one person.
    /// [`Error::Unavailable`] also when others were at work on the tables just now: try again.
    pub async fn begin(settings: &config::Database) -> Result<Self> {
        let options = verified_options(settings, "untxt-import")?.options([
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "600s"),
            // What row-level security would hide is an error, not less.
            ("row_security", "off"),
            // What goes along with what is removed is no news.
            ("client_min_messages", "warning"),
        ]);
        let pool =
            PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).connect_with(options).await?;
        let mut tx = pool.begin().await?;
        tx.execute("set role untxt_owner").await?;
        let tables = Layout::load(&mut tx).await?.tables;
        let mut restore = Self { tx, pool, tables, installation: Uuid::nil() };
        restore.open_tables().await?;
        restore.refuse_used().await?;
        restore.installation = installation::id(&mut restore.tx).await?;
        restore.empty_tables().await?;
        Ok(restore)
    }

    /// Gives tables and migrations of this installation.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn layout(&mut self) -> Result<Layout> {
        Layout::load(&mut self.tx).await
    }

    /// Begins to write the rows of a table.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn write(&mut self, table: &Table) -> Result<Incoming<'_>> {
        Ok(Incoming { copy: self.tx.copy_in_raw(&table.write_statement()).await? })
    }

    /// Reads all rows of a table back.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn read(&mut self, table: &Table) -> Result<RowBytes<'_>> {
        table.read(&mut self.tx).await
    }

    /// Lets the sequences go on where they stood.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is no such sequence.
    pub async fn set_sequences(&mut self, sequences: &[Sequence]) -> Result<()> {
        for sequence in sequences {
            sqlx::query("select setval(('public.' || quote_ident($1))::regclass, $2, $3)")
                .bind(&sequence.name)
                .bind(sequence.last_value)
                .bind(sequence.is_called)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// Brings what was going on at the time of the backup into a state that it can go on from: all logins end,
    /// tokens, invitations, accesses in an emergency, links to a new password and ways to a provider or with a passkey too (one
    /// may have been revoked since), work that somebody held is handed back without using up an attempt, and may be taken at once.
    /// Gives how many tasks go on.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn settle(&mut self) -> Result<u64> {
        let conn = &mut *self.tx;
        sqlx::query!("update installation set id = $1", self.installation).execute(&mut *conn).await?;
        sqlx::query!("update sessions set ended_at = clock_timestamp() where ended_at is null")
            .execute(&mut *conn)
            .await?;
        sqlx::query!("delete from api_tokens").execute(&mut *conn).await?;
        sqlx::query!("delete from invitations").execute(&mut *conn).await?;
        sqlx::query!("delete from password_resets").execute(&mut *conn).await?;
        // Some may have been ended since.
        sqlx::query!("delete from link_sessions").execute(&mut *conn).await?;
        sqlx::query!("delete from links").execute(&mut *conn).await?;
        sqlx::query!(
            "update emergency_accesses
            set ended_at = clock_timestamp()
            where ended_at is null and ends_at > clock_timestamp()"
        )
        .execute(&mut *conn)
        .await?;
        sqlx::query!("delete from pending_logins").execute(&mut *conn).await?;
        sqlx::query!("delete from passkey_challenges").execute(&mut *conn).await?;
        sqlx::query!(
            "update pages
            set
                state = 'queued',
                tries = tries - 1,
                lease_token = null,
                lease_until = null,
                next_try_at = clock_timestamp()
            where lease_token is not null"
        )
        .execute(&mut *conn)
        .await?;
        let open = sqlx::query!(
            "update tasks
            set
                state = case state when 'inspecting' then 'queued' else state end,
                tries = case when lease_token is null then tries else tries - 1 end,
                lease_token = null,
                lease_until = null,
                -- The clock of the installation of before may have been ahead of this one.
                next_try_at = least(next_try_at, clock_timestamp()),
                dispatched_at = least(dispatched_at, clock_timestamp())
            where state in ('queued', 'inspecting', 'processing', 'finishing')"
        )
        .execute(&mut *conn)
        .await?;
        Ok(open.rows_affected())
    }

    /// Gives the tables back to row-level security and triggers, and makes everything last and visible at once.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: then nobody knows whether it happened, and the caller must look.
    pub async fn commit(mut self) -> Result<()> {
        self.close_tables().await?;
        self.tx.commit().await?;
        for table in self.tables {
            let statement = format!("set role untxt_owner; analyze public.{}", quote(&table.name));
            self.pool.execute(AssertSqlSafe(statement)).await?;
        }
        self.pool.close().await;
        Ok(())
    }

    /// Goes back to how everything was.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the server does the same when the connection is gone.
    pub async fn abandon(self) -> Result<()> {
        self.tx.rollback().await?;
        self.pool.close().await;
        Ok(())
    }

    /// Lets the owner of the tables in and silences our own triggers, within this transaction: rows come as they were,
    /// and nobody is told of what happened long ago. Foreign keys and constraints stay on.
    pub(super) async fn open_tables(&mut self) -> Result<()> {
        let names = self.names();
        self.run(format!("lock table {names} in access exclusive mode")).await?;
        for table in self.tables.clone() {
            let name = quote(&table.name);
            self.run(format!("alter table public.{name} disable trigger user, no force row level security")).await?;
        }
        Ok(())
    }

    /// Gives them back to row-level security and triggers.
    pub(super) async fn close_tables(&mut self) -> Result<()> {
        // Postgres changes no triggers of a table whose foreign keys still wait to be checked.
        self.tx.execute("set constraints all immediate").await?;
        for table in self.tables.clone() {
            let name = quote(&table.name);
            self.run(format!("alter table public.{name} enable trigger user, force row level security")).await?;
        }
        Ok(())
    }

    pub(super) async fn empty_tables(&mut self) -> Result<()> {
        let names = self.names();
        self.run(format!("truncate {names}")).await
    }

    async fn refuse_used(&mut self) -> Result<()> {
        let is_used = sqlx::query_scalar!(
            r#"select
                exists (select from documents) or exists (select from owner_keys) or (select count(*) from users) > 1
                as "is_used!""#
        )
        .fetch_one(&mut *self.tx)
        .await?;
        if is_used { Err(Error::Conflict("this installation is in use".to_owned())) } else { Ok(()) }
    }

    fn names(&self) -> String {
        self.tables.iter().map(|table| format!("public.{}", quote(&table.name))).collect::<Vec<_>>().join(", ")
    }

    pub(super) async fn run(&mut self, statement: String) -> Result<()> {
        self.tx.execute(AssertSqlSafe(statement)).await?;
        Ok(())
    }
}

impl Incoming<'_> {
    /// Writes the next bytes.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.copy.send(bytes).await?;
        Ok(())
    }

    /// Ends the table, checks its constraints, and gives the number of its rows.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a row breaks a constraint, [`Error::Refused`] when the bytes are not rows of this table.
    pub async fn finish(self) -> Result<u64> {
        Ok(self.copy.finish().await?)
    }
}
