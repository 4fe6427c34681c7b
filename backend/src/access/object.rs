use std::str::FromStr;

use axum::extract::RawPathParams;
use untxt_core::{
    audit::{AuditAction, AuditObject, AuditObjectKind as Kind},
    domain::PageNumber,
};
use uuid::Uuid;

use super::{Operation, Recorded};

/// The parts of a path that name something, and what they name.
const NAMES: &[(&str, Kind)] = &[
    ("document", Kind::Document),
    ("task", Kind::Task),
    ("folder", Kind::Folder),
    ("tag", Kind::Tag),
    ("team", Kind::Team),
    ("user", Kind::User),
    ("session", Kind::Session),
    ("token", Kind::Token),
    ("invitation", Kind::Invitation),
    ("identity", Kind::Sso),
    ("passkey", Kind::Passkey),
    ("hold", Kind::Grant),
    ("emergency", Kind::Grant),
];

/// Gives what a request is about, as its address says. What is no id in there names nothing; it stays out of the record.
pub(super) fn object_of(operation: &Operation, params: &RawPathParams) -> Option<AuditObject> {
    let find = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let named = NAMES.iter().find_map(|(name, kind)| Some((*kind, find(name)?)));
    let Some((kind, id)) = named else { return all_of(operation) };
    let Ok(id) = Uuid::from_str(id) else { return Some(AuditObject::all(kind)) };
    let page = find("page").and_then(|page| page.parse().ok()).and_then(PageNumber::new);
    Some(AuditObject { page, ..AuditObject::new(kind, id) })
}

/// What an operation is about whose address names nothing.
const fn all_of(operation: &Operation) -> Option<AuditObject> {
    let (Recorded::As(action) | Recorded::With(action, _)) = operation.record else { return None };
    let kind = match action {
        AuditAction::DocumentsListed
        | AuditAction::DocumentUploaded
        | AuditAction::TrashEmptied
        | AuditAction::Search
        | AuditAction::ReceiptRead => Kind::Document,
        AuditAction::QueueRead => Kind::Task,
        AuditAction::UsersListed => Kind::User,
        AuditAction::SessionsListed => Kind::Session,
        AuditAction::TokensListed => Kind::Token,
        AuditAction::InvitationRead => Kind::Invitation,
        AuditAction::ViewAuditLog | AuditAction::AuditExported => Kind::Audit,
        _ => return None,
    };
    Some(AuditObject::all(kind))
}
