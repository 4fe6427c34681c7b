use serde_json::{Map, Value, json};

use super::{parameters, problems};
use crate::access::{Operation, Recorded, Who};

/// Adds what the table of operations knows, and what is the same everywhere.
pub(super) fn complete(document: &mut Value, table: &[Operation]) {
    document["info"] = json!({
        "title": "UNTXT",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Encrypted text recognition. Errors are problems (RFC 9457) with a stable code.",
        "license": { "name": "see LICENSE" },
    });
    document["components"]["securitySchemes"] = json!({
        "session": { "type": "apiKey", "in": "cookie", "name": "__Host-untxt_access" },
        "token": { "type": "http", "scheme": "bearer" },
        "link": { "type": "apiKey", "in": "cookie", "name": crate::links::COOKIE_NAME },
    });
    document["components"]["schemas"]["Problem"] = problems::schema();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(close);
        // An empty list is one of either kind.
        let kinds = schemas.get_mut("Folders").and_then(Value::as_object_mut);
        if let Some((kinds, all)) = kinds.and_then(|kinds| Some((kinds.remove("oneOf")?, kinds))) {
            all.insert("anyOf".to_owned(), kinds);
        }
    }
    let mut problems = Map::new();
    for row in table {
        let operation = &mut document["paths"][row.path][row.method.as_str().to_lowercase()];
        describe(operation, row, &mut problems);
    }
    document["components"]["responses"] = Value::Object(problems);
}

fn describe(operation: &mut Value, row: &Operation, problems: &mut Map<String, Value>) {
    operation["operationId"] = name(row).into();
    let others = operation["parameters"].as_array().cloned().unwrap_or_default();
    let others = others.into_iter().filter(|parameter| parameter["in"] != "path");
    operation["parameters"] = parameters::of_path(row.path).into_iter().chain(others).collect();
    let (who, scope, security) = match row.who {
        Who::Anybody => (json!("anybody"), None, json!([])),
        Who::Visitors => (json!("visitors"), None, json!([{ "link": [] }])),
        Who::Roles(roles, None) => (json!(roles), None, json!([{ "session": [] }])),
        Who::Roles(roles, Some(scope)) => (json!(roles), Some(scope), json!([{ "session": [] }, { "token": [scope] }])),
    };
    operation["security"] = security;
    operation["x-untxt"] = match row.record {
        Recorded::As(action) | Recorded::With(action, _) => json!({ "who": who, "scope": scope, "record": action }),
        Recorded::Not(reason) => json!({ "who": who, "scope": scope, "record": null, "unrecorded": reason }),
    };
    add_problems(operation, row, problems);
}

/// Most operations fail in the same ways: each is described once, under the names of its codes.
fn add_problems(operation: &mut Value, row: &Operation, all: &mut Map<String, Value>) {
    let mut answers = operation["responses"].as_object().cloned().unwrap_or_default();
    for (status, codes) in problems::of(row) {
        let name = codes.join("_or_");
        answers.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }));
        all.entry(name).or_insert_with(|| problems::answer(status, &codes));
    }
    operation["responses"] = Value::Object(answers);
}

/// Names an operation by its method and path: `get_documents_document_pages`.
fn name(row: &Operation) -> String {
    let path = row.path.trim_start_matches("/api/v1").replace(['/', '.'], "_").replace(['{', '}'], "");
    format!("{}{path}", row.method.as_str().to_lowercase())
}

/// Says that an object has no other fields than those that are described.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if is_plain_object(fields) {
                fields.entry("additionalProperties").or_insert(false.into());
            }
            // Parts of a whole may not refuse what the others have.
            if !fields.contains_key("allOf") {
                fields.values_mut().for_each(close);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn is_plain_object(fields: &Map<String, Value>) -> bool {
    fields.get("properties").is_some_and(Value::is_object) && !fields.contains_key("allOf")
}
