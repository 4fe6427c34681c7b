//! The wall clock of this process, behind one function, so that tests can see every use.
//!
//! It promises nothing about other machines: who owns a page is decided by the database's clock alone.

use std::time::SystemTime;

use time::OffsetDateTime;

/// Gives the current time, in UTC.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::from(SystemTime::now())
}
