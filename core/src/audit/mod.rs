//! The record of what was done: which operations there are, and what a line of the record says.
//!
//! It promises that a line holds words of closed lists, ids, times and numbers only: nothing that a document says, no name and
//! no login can be put into it. It refuses to know where lines are stored and who may read them.

mod action;
mod category;
mod entry;
mod object;

pub use action::AuditAction;
pub use category::{AuditCategory, AuditSeverity};
pub use entry::{AuditDetail, AuditEntry, AuditOutcome, Credential, LoginMark};
pub use object::{AuditObject, AuditObjectKind};
