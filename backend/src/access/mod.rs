//! Who may do what: the one place that every route goes through.
//!
//! It promises that no handler runs for somebody who may not have it run, that a route nobody decided about keeps the server
//! from starting, and that no answer leaves before the record says what was done. It refuses to know what the handlers do:
//! whose a document is, the database decides.

mod gate;
mod layer;
mod line;
mod object;
mod operation;
mod presented;
mod proxies;
mod quota;
mod subject;
mod table;

pub(crate) use gate::{Gate, refuse_unlisted};
pub(crate) use layer::guard;
pub(crate) use operation::{Operation, Recorded, Who};
pub(crate) use proxies::{ClientAddress, Proxies};
pub(crate) use subject::Subject;
pub(crate) use table::OPERATIONS;
