//! The worker with real children, a real database and real documents.

mod house;
mod line;
mod memory;
mod pages;
mod sandbox;
