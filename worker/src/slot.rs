use std::sync::Arc;

use untxt_core::{crypto::DocumentKey, domain::TaskId};

use crate::sandbox::{Original, Sandbox};

/// A place where one entry is worked on: a child, and the document it has open.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) sandbox: Sandbox,
    /// Task that was worked on last.
    pub(crate) task: Option<TaskId>,
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
        Self { sandbox, task: None, loaded: None }
    }

    /// Forgets the document, here and in the child.
    pub(crate) async fn forget(&mut self) {
        (self.task, self.loaded) = (None, None);
        self.sandbox.close().await;
    }
}
