//! All rows out of one installation and into another.
//!
//! It promises that tables and columns come from the catalog, so that nothing has to be listed here; that what is read
//! is one moment of the whole database; and that what is written is all or nothing, with every constraint checked. It
//! refuses to know where the bytes go and what they mean.

mod catalog;
mod contents;
mod earlier;
mod restore;
mod shredded;
mod snapshot;

pub use catalog::{Layout, Migration, Sequence, Table};
pub use contents::{SealedDocument, SealedLabels, SealedPage};
pub use restore::{CleanUpPause, Incoming, Restore};
pub use snapshot::Snapshot;

/// The oldest tables of which a [`Snapshot`] can be taken: since this migration they say which objects there are.
pub const OLDEST_FOR_BACKUP: i64 = 9;

/// A stream of the bytes of a table, in Postgres' binary `COPY` format, rows in the order of their keys: equal rows give
/// equal bytes.
pub type RowBytes<'a> = futures::stream::BoxStream<'a, crate::Result<bytes::Bytes>>;
