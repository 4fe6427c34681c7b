use serde_json::{Value, json};
use untxt_page::formats::Format;

/// Describes the parts of a path that are in braces.
pub(super) fn of_path(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let describe = |name| json!({ "name": name, "in": "path", "required": true, "schema": schema(name) });
    names.map(describe).collect()
}

fn schema(name: &str) -> Value {
    match name {
        "page" => json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX }),
        "format" => json!({ "enum": Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>() }),
        _ => json!({ "type": "string", "format": "uuid" }),
    }
}
