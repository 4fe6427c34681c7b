//! Real documents through the real engine.

mod faults;
mod inputs;
mod limits;
mod pdf_pages;
mod sample;
mod searchable;
