//! A private Postgres for tests, with the real settings, roles, certificates and migrations.
//!
//! One server per test binary, ended with it; one fresh database per [`TestPostgres`]. A shell watches over the
//! server: when the test binary is gone, however it went, the shell's input ends, and it stops the server and removes
//! its folder.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't have its server should stop")]

mod server;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::sync::{Mutex, OnceCell};
use untxt_core::config;

use crate::{Database, migrate::build_earlier};
use server::{Server, TEMPLATE};

/// A login role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `untxt_backend`
    Backend,
    /// `untxt_worker`
    Worker,
    /// `untxt_migrate`
    Migrate,
    /// `untxt_backup`
    Backup,
}

impl Role {
    /// Gives the name of its certificate files, which is also its password here.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Worker => "worker",
            Self::Migrate => "migrate",
            Self::Backup => "backup",
        }
    }
}

/// A fresh, migrated database on the server of this test binary.
#[derive(Debug)]
pub struct TestPostgres {
    server: &'static Server,
    database: String,
}

impl TestPostgres {
    /// Starts the server if it isn't running, and makes a fresh database.
    pub async fn start() -> Self {
        static SERVER: OnceCell<Server> = OnceCell::const_new();
        static COUNT: AtomicU32 = AtomicU32::new(1);
        // A template can be copied by one at a time.
        static COPYING: Mutex<()> = Mutex::const_new(());
        let server = SERVER.get_or_init(Server::start).await;
        let database = format!("untxt_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let copying = COPYING.lock().await;
        server.psql("postgres", &format!("create database {database} template {TEMPLATE} owner untxt_owner"));
        drop(copying);
        server.psql(
            &database,
            &format!(
                "revoke all on database {database} from public;
                grant connect on database {database} to untxt_backend, untxt_worker, untxt_migrate, untxt_backup"
            ),
        );
        Self { server, database }
    }

    /// Makes a fresh database as an earlier version had it: at that migration.
    pub async fn start_at(level: i64) -> Self {
        let postgres = Self::start().await;
        build_earlier(&postgres.settings(Role::Migrate), level).await.expect("earlier tables");
        postgres
    }

    /// Connects as `untxt_backend`.
    pub async fn backend(&self) -> Database {
        self.connect(Role::Backend).await
    }

    /// Connects as `untxt_worker`.
    pub async fn worker(&self) -> Database {
        self.connect(Role::Worker).await
    }

    /// Connects as that role.
    pub async fn connect(&self, role: Role) -> Database {
        Database::connect(&self.settings(role), role.name()).await.expect("a connection")
    }

    /// Gives the settings with which a process of that role connects to this database.
    #[must_use]
    pub fn settings(&self, role: Role) -> config::Database {
        self.server.settings(&self.database, role)
    }

    /// Gives the folder of `init_certificates` that the server's certificate comes from, so that a test can use the
    /// same ones for other servers.
    #[must_use]
    pub fn certificates(&self) -> &Path {
        &self.server.certificates
    }

    /// Gives the name of this database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Runs SQL as superuser over the local socket, bypassing row-level security; gives psql's unaligned tuples.
    /// It blocks the thread; that is fine in a test.
    #[must_use]
    pub fn superuser_psql(&self, sql: &str) -> String {
        self.server.psql(&self.database, sql)
    }

    /// Waits until that many sessions of this database wait for locks that others hold. It asks over a connection of its own
    /// and blocks nobody, as those sessions have a limit for their waiting.
    pub async fn wait_for_waiting(&self, sessions: i64) {
        let database = self.worker().await;
        let mut waiting = 0;
        for _ in 0..800 {
            // A transaction sees the same list of sessions until its end.
            let mut tx = database.begin_system().await.expect("a transaction");
            waiting = sqlx::query_scalar::<_, i64>(
                "select count(distinct pid) from pg_locks
                where not granted and pid in (select pid from pg_stat_activity where datname = current_database())",
            )
            .fetch_one(&mut *tx)
            .await
            .expect("a count");
            if waiting == sessions {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{waiting} sessions wait for locks, and not {sessions}");
    }

    /// Gives what the server has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.server.folder.join("log")).expect("the log")
    }
}
