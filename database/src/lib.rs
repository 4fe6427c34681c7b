//! Everything that is known about Postgres: tables, all SQL, row-level security, its notifications and its settings.
//!
//! It promises that Postgres decides: who owns work is settled by guarded updates and the database's clock, every
//! state change writes its event in the same transaction, and a query that forgets its `where` finds nothing of
//! others. It refuses to know what sealed bytes mean, and it never opens a connection that is less than verified.
//!
//! One file per noun; plain functions over a [`PgConnection`], so that the caller owns the transaction.

pub mod audit;
pub mod backup;
pub mod bootstrap;
pub mod conf;
mod connect;
pub mod dead_letters;
pub mod documents;
pub mod emergency;
mod error;
pub mod events;
pub mod folders;
pub mod holds;
pub mod identities;
pub mod installation;
pub mod integrity;
pub mod invitations;
pub mod labels;
pub mod languages;
pub mod links;
pub mod login_failures;
pub mod migrate;
pub mod objects;
pub mod owner_keys;
pub mod pages;
pub mod passkeys;
pub mod password_resets;
pub mod people;
pub mod queue;
mod row;
pub mod search;
pub mod second_factors;
pub mod sessions;
pub mod shares;
pub mod shreds;
pub mod tags;
pub mod tasks;
pub mod teams;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
pub mod turns;
pub mod usage;
pub mod users;
pub mod workers;

pub use connect::{Actor, Database, Transaction};
pub use error::{Error, Result};
pub use migrate::migrate;
pub use sqlx::PgConnection;
