use std::convert::Infallible;

use axum::response::{IntoResponseParts, Response, ResponseParts};
use untxt_core::{
    audit::{AuditAction, AuditDetail, AuditObject, Credential, LoginMark},
    domain::{EmergencyId, LinkId, OwnerId, UserId},
};

/// What only the handler knows of what was done, for the record: part of its answer, `(Subject { .. }, Json(..))`. What is
/// left out is as the table of operations and the address have it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    /// Who it was, where nobody was logged in before: a login, a password reset.
    pub(crate) user: Option<UserId>,
    /// What they came with, where nobody was let in before: a public link.
    pub(crate) via: Option<Credential>,
    /// Which public link was made or ended.
    pub(crate) link: Option<LinkId>,
    /// Which access in an emergency was begun, ended or made use of.
    pub(crate) emergency: Option<EmergencyId>,
    /// Whose the object is.
    pub(crate) owner: Option<OwnerId>,
    /// What it was done to, where the address does not name it: a new document.
    pub(crate) object: Option<AuditObject>,
    /// Of how many things.
    pub(crate) count: Option<u64>,
    /// What was done, where one route does several things.
    pub(crate) action: Option<AuditAction>,
    /// A word of the code that says more, such as a format.
    pub(crate) detail: Option<AuditDetail>,
    /// The login that was typed, where it is nobody's.
    pub(crate) login: Option<LoginMark>,
}

impl Subject {
    /// Says about whom a request is.
    pub(crate) fn about(user: UserId) -> Self {
        Self { object: Some(user.into()), ..Self::default() }
    }

    /// Gives what an answer says so far.
    pub(crate) fn of(answer: &mut Response) -> &mut Self {
        answer.extensions_mut().get_or_insert_default()
    }
}

impl IntoResponseParts for Subject {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}
