//! Writes pages in every format and reads the files back with the rules of their formats.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on should fail")]

mod alto_rules;
mod formats;
mod hocr_rules;
mod packages;
mod peers;
mod sample;
