//! The index of sealed pages: tokens of the words that they have, and who has them.
//!
//! Promises: a reading's row is written and deleted with its page; nobody finds a row of another owner. Refuses to know:
//! words, and keys.

mod gaps;
mod hits;
mod look;
mod rebuild;
mod tokens;
mod write;

use untxt_core::domain::{DocumentId, PageNumber, TaskId};

pub use gaps::{close_gaps, has_gap, open_gaps};
pub use hits::{Hit, load_hits};
pub use look::{Candidate, Filter, Near, Place, Wanted, find, find_near, list_segments};
pub use rebuild::{
    Unindexed, forget_empty_segments, keep, keep_rebuilding, list_missing, list_stale, load_unindexed, replace,
    try_begin_rebuild,
};
pub use tokens::forget_tokens;
pub(crate) use write::insert;
pub use write::{find_old_segment, find_segment, insert_old};

/// Readings of one owner in a segment. Half as many, and one misread letter in a million pages is looked for in sixteen
/// segments instead of eight; twice as many, and the newest of a common word are chosen among twice as many (decision 16).
pub const SEGMENT_PAGES: i32 = 131_072;

/// What of a reading stands in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageIndex<'a> {
    /// Number of the index key that the tokens were made with.
    pub generation: u32,
    /// Segment that they were made for.
    pub segment: i32,
    /// Keyed tokens, each once.
    pub tokens: &'a [i64],
}

/// A segment of an owner under one index key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Number of the index key.
    pub generation: u32,
    /// Which segment; the newest is the highest.
    pub segment: i32,
}

/// What was read from a page by a certain run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// Of which document.
    pub document: DocumentId,
    /// By which run.
    pub task: TaskId,
    /// Which page.
    pub page: PageNumber,
}
