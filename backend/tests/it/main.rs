//! The API as a client sees it: the real router and a real Postgres; objects, queue and workers are simulated.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

mod access;
mod accounts;
mod app;
mod audit;
mod bucket;
mod cancel;
mod damage;
mod documents;
mod downloads;
mod emergency;
mod events;
mod export;
mod folders;
mod headers;
mod holds;
mod keys;
mod links;
mod live;
mod oidc;
mod oidc_provider;
mod passkey_device;
mod passkeys;
mod password_resets;
mod people;
mod queue;
mod ranges;
mod rerun;
mod seams;
mod search;
mod search_keys;
mod second_factor;
mod server;
mod session;
mod settings;
mod sharing;
mod sharing_search;
mod smtp;
mod tags;
mod tokens;
mod trash;
mod turns;
mod uploads;
mod usage;
mod worker;
