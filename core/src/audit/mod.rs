//! The record of what was done: which operations there are, what a line of the record says, how lines are sealed, written for
//! others and checked.
//!
//! It promises that a line holds words of closed lists, ids, times and numbers only: nothing that a document says, no name and
//! no login can be put into it; and that an export is checked by itself, whatever stands in it. It refuses to know where lines
//! are stored and who may read them.

mod action;
#[cfg(test)]
mod attacks;
mod batch;
mod category;
mod entry;
mod finding;
mod format;
mod line;
mod object;
mod row;
mod verify;

pub use action::AuditAction;
pub use batch::{BatchHead, HeadError, Leaves, SignedHead};
pub use category::{AuditCategory, AuditSeverity};
pub use entry::{AuditDetail, AuditEntry, AuditOutcome, Credential, LoginMark};
pub use finding::Finding;
pub use format::AuditFormat;
pub use line::{AuditBatch, AuditEnd, AuditExport, AuditLine};
pub use object::{AuditObject, AuditObjectKind};
pub use row::AuditRow;
pub use verify::{AuditReport, AuditVerifier, MIN_RETENTION_DAYS};
