//! The database as the processes see it: a real Postgres with the real settings.
#![expect(clippy::expect_used, reason = "what the tests share stops them when it fails")]

mod fixtures;
mod scene;

mod accounts;
mod audit;
mod backup;
mod cancel;
mod claims;
mod dead_letters;
mod documents;
mod emergency;
mod filing;
mod holds;
mod identities;
mod listener;
mod login_failures;
mod migrations;
mod objects;
mod password_resets;
mod queue;
mod replay;
mod rerun;
mod restored;
mod retain;
mod row_security;
mod sealing;
mod search;
mod sharing;
mod shreds;
mod tokens;
mod transport;
mod turns;
mod upgrade;
