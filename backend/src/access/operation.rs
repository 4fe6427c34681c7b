use http::Method;
use untxt_core::{
    audit::AuditAction,
    domain::{Role, Scope},
};

/// One row of the table of operations: everything that is decided about a route before its handler runs.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// As the router has it: `/api/v1/documents/{document}`.
    pub(crate) path: &'static str,
    pub(crate) who: Who,
    pub(crate) record: Recorded,
    pub(crate) cost: u32,
    /// Codes of what may go wrong, besides what may go wrong everywhere.
    pub(crate) problems: &'static [&'static [&'static str]],
}

/// Who may.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    /// Nobody has to be logged in.
    Anybody,
    /// People with one of these roles; with a token only if it has the scope.
    Roles(&'static [Role], Option<Scope>),
    /// Whoever came by a public link that is good.
    Visitors,
}

/// What the record says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recorded {
    /// One line for each request.
    As(AuditAction),
    /// As before, with a word that tells it from others of the same action.
    With(AuditAction, &'static str),
    /// Nothing, for this reason.
    Not(&'static str),
}

impl Operation {
    /// Says whether the handler changes nothing.
    pub(crate) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }
}
