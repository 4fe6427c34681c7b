use std::collections::HashSet;

use hayro::hayro_syntax::object::{Array, Dict, Object};

/// Nodes and entries of a tree that are looked at.
const MAX_NODES: usize = 10_000;
const MAX_ENTRIES: usize = 100_000;

/// Lists keys and values of a tree of names or numbers (ISO 32000-1, 7.9.6 and 7.9.7), which its nodes have under `key`.
/// What is more than anybody needs is left out, and a node that is met again.
pub(super) fn list_entries<'a>(root: Dict<'a>, key: &str) -> Vec<(Object<'a>, Object<'a>)> {
    let (mut entries, mut open, mut seen, mut count) = (Vec::new(), vec![root], HashSet::new(), 0);
    while let Some(node) = open.pop() {
        count += 1;
        if count > MAX_NODES || entries.len() > MAX_ENTRIES {
            break;
        }
        // one that stands in another directly has the other's number
        if node.obj_id().is_some_and(|id| !seen.insert(id)) && count > 1 {
            continue;
        }
        let listed = node.get::<Array<'a>>(key);
        let mut listed = listed.iter().flat_map(Array::iter::<Object<'a>>).take(2 * MAX_ENTRIES);
        while let (Some(key), Some(value)) = (listed.next(), listed.next()) {
            entries.push((key, value));
        }
        open.extend(node.get::<Array<'a>>("Kids").iter().flat_map(Array::iter::<Dict<'a>>).take(MAX_NODES));
    }
    entries
}
