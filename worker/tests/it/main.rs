//! The worker with real children, a real database and real documents.

mod pages;
mod sandbox;
