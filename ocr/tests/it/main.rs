//! Real documents through the real engine.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

mod faults;
mod inputs;
mod languages;
mod limits;
mod pdf_pages;
mod sample;
mod searchable;
