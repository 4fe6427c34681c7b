//! Takes tasks, has their pages read in sandboxed children, and stores what was read.
//!
//! It promises that a page is read once whatever dies, that no connection is held while a page is read, and that
//! whoever parses a document holds no key. It refuses to know about people and browsers.

pub mod sandbox;
