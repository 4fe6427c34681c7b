//! A private Postgres for tests, with the real settings, roles, certificates and migrations.
//!
//! One server per test binary, ended with it; one fresh database per [`TestPostgres`].

use std::path::Path;

use untxt_core::config;

use crate::Database;

/// A login role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `untxt_backend`
    Backend,
    /// `untxt_worker`
    Worker,
    /// `untxt_migrate`
    Migrate,
}

/// A fresh, migrated database on the server of this test binary.
#[derive(Debug)]
pub struct TestPostgres {}

impl TestPostgres {
    /// Starts the server if it isn't running, and makes a fresh database.
    pub async fn start() -> Self {
        unimplemented!()
    }

    /// Connects as `untxt_backend`.
    pub async fn backend(&self) -> Database {
        unimplemented!()
    }

    /// Connects as `untxt_worker`.
    pub async fn worker(&self) -> Database {
        unimplemented!()
    }

    /// Gives the settings with which a process of that role connects to this database.
    #[must_use]
    pub fn settings(&self, _role: Role) -> config::Database {
        unimplemented!()
    }

    /// Gives the folder of `init_certificates` that the server's certificate comes from, so that a test can use the
    /// same ones for other servers.
    #[must_use]
    pub fn certificates(&self) -> &Path {
        unimplemented!()
    }

    /// Runs SQL as superuser over the local socket, bypassing row-level security; gives psql's unaligned tuples.
    #[must_use]
    pub fn superuser_psql(&self, _sql: &str) -> String {
        unimplemented!()
    }
}
