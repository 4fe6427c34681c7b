//! HTTPS and WSS for browsers and API clients: one folder per noun.
//!
//! It promises that every answer carries the security headers and a request id, that every access to data happens
//! in the name of a person whose session lives, and that a file streams through in bounded memory. It refuses to
//! recognise anything, to hold SQL, and to speak anything but TLS (the plain port only says so).

mod access;
mod accounts;
mod app;
mod audit;
mod bucket;
mod connections;
mod documents;
mod drain;
mod emergency;
mod error;
mod extract;
mod folders;
mod frontend;
mod headers;
mod health;
mod holds;
mod labels;
mod limits;
mod links;
mod live;
mod mail;
mod monitor;
mod observe;
mod oidc;
mod openapi;
mod origin;
mod passkeys;
mod password_resets;
mod problem;
mod queue;
mod receipts;
mod redirect;
mod router;
mod run;
mod search;
mod server;
mod session;
mod shares;
mod tags;
mod tasks;
mod teams;
mod tokens;
mod turns;
mod usage;

pub use app::{App, Services};
pub use bucket::BucketWatch;
#[cfg(feature = "fuzzing")]
pub use documents::{Heard, hear_upload};
pub use error::Error;
pub use openapi::describe;
pub use router::router;
pub use run::{run, serve};
pub use search::{Candidates, Phase, Place, SearchKeys, find_candidates};
pub use session::{LinkSecret, PasswordError, WeakPassword, can_be_login, check_new_password, hash_password};
