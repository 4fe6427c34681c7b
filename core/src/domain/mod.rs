//! The nouns that every layer shares: owner, document, task, page, word, event, folder, tag.
//!
//! It promises that an id of one noun can't stand for another, and that states and failures are closed lists
//! with one spelling in the database, the API and the events. It refuses to know where anything is stored.

mod access;
mod event;
mod failure;
mod ids;
mod label;
mod link;
mod metadata;
mod retention;
mod state;

pub use access::{Right, Role, Scope, ScopeSet};
pub use event::{EventKind, PageCounters, TaskEvent};
pub use failure::{Failure, FailureCode};
pub use ids::{
    DocumentId, EmergencyId, EventSeq, FolderId, LinkId, LinkSessionId, OwnerId, PageNumber, SessionId, ShareId, TagId,
    TaskId, TeamId, TokenId, UserId,
};
pub use label::{Colour, LabelName};
pub use link::{LinkFormat, LinkState};
pub use metadata::DocumentMetadata;
pub use retention::Retention;
pub use state::{MediaType, PageState, ShredReason, TaskQueue, TaskState, TrashReason};
pub(crate) use state::{UnknownName, closed_list};
pub use untxt_page::{PageContent, Preset, ReadingSettings, TextMode, Word};
