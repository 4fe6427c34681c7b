//! Core against real parts: the store over mutual TLS, Redis, Google's Tink, and who holds root keys.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails with its reason")]

mod kms;
mod queue;
mod raw;
mod redis_process;
mod site;
mod storage;
mod store_protocol;
mod tink;
mod wrong_store;
