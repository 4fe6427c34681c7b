//! The database as the processes see it: a real Postgres with the real settings.

mod security;
