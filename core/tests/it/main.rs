//! Core against real parts: the store over mutual TLS, Redis, and Google's Tink.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails with its reason")]

mod queue;
mod raw;
mod redis_process;
mod site;
mod storage;
mod store_protocol;
mod tink;
