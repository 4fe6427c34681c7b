//! The database as the processes see it: a real Postgres with the real settings.

mod fixtures;

mod accounts;
mod claims;
mod documents;
mod listener;
mod migrations;
mod row_security;
mod transport;
