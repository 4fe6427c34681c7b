use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::state::{UnknownName, closed_list};

closed_list!(
    /// What a person is to the installation. It opens nobody's documents: those are opened by owning them or by a
    /// [`Right`].
    Role {
        /// Works with own documents, and with those that are shared.
        User = "user",
        /// As a user, and checks what was read in documents that are shared for it.
        Reviewer = "reviewer",
        /// Reads the record of what was done; has no documents.
        Auditor = "auditor",
        /// Manages people, limits and the queue.
        Admin = "admin",
    }
);

closed_list!(
    /// What one may do with a document or a folder that is shared; each has those before it.
    Right {
        /// See pages and text, search them, download.
        Read = "read",
        /// Also correct words, choose results and have pages read again.
        Correct = "correct",
        /// Also file, delete and share.
        Manage = "manage",
    }
);

impl Right {
    /// Says whether whoever has this right also has that one.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self as u8 >= other as u8
    }
}

closed_list!(
    /// What an API token is good for, never more than its person may do.
    Scope {
        /// List and download documents, and everything that was read in them.
        DocumentsRead = "documents:read",
        /// Upload, file and share documents.
        DocumentsWrite = "documents:write",
        /// Put documents in the trash and delete them.
        DocumentsDelete = "documents:delete",
        /// See how far tasks are, without a word of what was read.
        TasksRead = "tasks:read",
        /// Have pages read again, stop tasks.
        TasksWrite = "tasks:write",
        /// Search.
        Search = "search",
        /// Read the record of what was done.
        AuditRead = "audit:read",
        /// See and change the queue as an administrator.
        Queue = "queue",
    }
);

/// Some scopes, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(u32);

impl ScopeSet {
    /// Says whether the scope is one of them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Gives them in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | bit(scope)))
    }
}

const fn bit(scope: Scope) -> u32 {
    1 << scope as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        assert!(ScopeSet::default().iter().next().is_none());
        for only in Scope::ALL {
            let set = ScopeSet::from_iter([*only, *only]);
            assert_eq!(set.iter().collect::<Vec<_>>(), [*only]);
        }
        let all = ScopeSet::from_iter(Scope::ALL.iter().copied());
        assert!(all.iter().eq(Scope::ALL.iter().copied()));
    }
}
