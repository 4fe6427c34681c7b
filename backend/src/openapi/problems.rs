use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    access::{Operation, Recorded, Who},
    problem,
    session::needs_enrolled,
};

/// What may go wrong with every request.
const ALWAYS: &[&str] = &[
    "address_too_long",
    "internal",
    "method_not_allowed",
    "timeout",
    "too_many_requests",
    "unavailable",
    "wrong_origin",
];
/// With every request of somebody.
const OF_SOMEBODY: &[&str] = &["not_logged_in", "not_allowed", "scope_missing"];

/// Lists what may go wrong with an operation: a status, and which codes come with it.
pub(super) fn of(operation: &Operation) -> BTreeMap<u16, Vec<&'static str>> {
    let mut codes: BTreeSet<_> = operation.problems.iter().copied().flatten().chain(ALWAYS).copied().collect();
    if let Who::Roles(..) = operation.who {
        codes.extend(OF_SOMEBODY);
        if needs_enrolled(operation.path) {
            codes.insert("second_factor_needed");
        }
    }
    if matches!(operation.who, Who::Visitors) {
        codes.insert("public_link_not_good");
    }
    if !matches!(operation.record, Recorded::Not(_)) {
        codes.insert("audit_unavailable");
    }
    if operation.path.contains('{') {
        codes.insert("not_found");
    }
    let mut by_status = BTreeMap::<_, Vec<_>>::new();
    for code in codes {
        // The test of the table refuses codes that nobody knows.
        by_status.entry(problem::status_of(code).unwrap_or(500)).or_default().push(code);
    }
    by_status
}

/// Describes the answer with one of these codes.
pub(super) fn answer(status: u16, codes: &[&str]) -> Value {
    let schema = json!({
        "allOf": [
            { "$ref": "#/components/schemas/Problem" },
            { "properties": { "code": { "enum": codes }, "status": { "const": status } } },
        ],
    });
    let mut answer = json!({
        "description": codes.join(", "),
        "content": { "application/problem+json": { "schema": schema } },
    });
    if matches!(status, 429 | 503) {
        let seconds = json!({ "schema": { "type": "integer", "minimum": 1 } });
        answer["headers"] = json!({ "Retry-After": seconds });
    }
    answer
}

/// Describes the body of every answer that is none.
pub(super) fn schema() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "description": "why a request was not answered as wished (RFC 9457)",
        "required": ["type", "title", "status", "code", "detail", "request_id"],
        "properties": {
            "type": text(),
            "title": text(),
            "status": { "type": "integer" },
            "code": text(),
            "detail": text(),
            "request_id": { "type": "string", "format": "uuid" },
            "failure": { "$ref": "#/components/schemas/Failure" },
        },
    })
}
