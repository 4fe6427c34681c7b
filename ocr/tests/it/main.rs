//! Real documents through the real engine.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

mod archive;
mod barcodes;
mod coded;
mod damaged;
mod faults;
mod forms;
mod hostile;
mod inputs;
mod kept;
mod languages;
mod limits;
mod line_reader;
mod metadata;
mod old_layers;
mod own_text;
mod pdf_pages;
mod presets;
mod sample;
mod searchable;
mod signed;
mod tables;
