//! The record of what was done. Rows are added and never changed; nobody but administrators, auditors and the worker that
//! seals them reads them.

mod write;

pub use write::record;
