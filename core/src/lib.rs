//! What every process of UNTXT shares: configuration, TLS, the domain's nouns, keys, objects, queue, events.
//!
//! It promises that there is one way to do each of these. It knows no SQL, no HTTP route and no OCR.

pub mod audit;
mod aws_transport;
pub mod clock;
pub mod config;
mod connections;
pub mod crypto;
pub mod domain;
pub mod lifecycle;
pub mod monitoring;
pub mod queue;
pub mod receipts;
pub mod sabotage;
pub mod storage;
pub mod telemetry;
pub mod tls;
