//! The worker with real children, a real database and real documents.
#![expect(clippy::expect_used, reason = "a test that can't go on has failed")]

mod audit;
mod escapes;
mod heads;
mod house;
mod identical;
mod index_keys;
mod integrity;
mod keys;
mod line;
mod malware;
mod memory;
mod monitored;
mod pages;
mod rerun;
mod sandbox;
mod search;
mod shredding;
