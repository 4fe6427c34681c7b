use std::sync::Arc;

use untxt_core::{crypto::DocumentKey, queue::QueueEntry};

use crate::sandbox::{Original, Sandbox};

/// A place where one page at a time is read: a child, and the document it has open.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) sandbox: Sandbox,
    /// Would wake another slot for the task that was worked on last.
    pub(crate) entry: Option<QueueEntry>,
    pub(crate) loaded: Option<Loaded>,
}

/// A document in clear, with its key.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) original: Original,
    pub(crate) key: Arc<DocumentKey>,
}

impl Slot {
    pub(crate) fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, entry: None, loaded: None }
    }

    /// Forgets the document, here and in the child.
    pub(crate) async fn forget(&mut self) {
        (self.entry, self.loaded) = (None, None);
        self.sandbox.close().await;
    }
}
