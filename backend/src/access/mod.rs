//! Who may do what: the one place that every route goes through.
//!
//! It promises that what a handler knows about a request reaches the record of what was done. It refuses to know what
//! the handlers do.

mod subject;

pub(crate) use subject::Subject;
