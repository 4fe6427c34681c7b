//! The record of what was done. Rows are added and never changed; nobody but administrators, auditors and the worker that
//! seals them reads them.
//!
//! What is sealed is a matter of [`untxt_core::audit`]. Here it is settled that no row is lost: each waits in a list, written
//! with it in one transaction, until the batch that has it is committed.

mod list;
mod row;
mod seal;
mod walk;
mod write;

pub use list::{AuditFilter, list, may_read};
pub use seal::{
    Unsealed, count_unsealed, expire, find_expiry, last_head, list_by_positions, seal, seal_next, try_begin_sealing,
};
pub use walk::AuditWalk;
pub use write::{is_there, record};
