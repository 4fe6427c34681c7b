use std::collections::{BTreeMap, HashMap};

use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, Stream};

use super::{font::compressed, onto_pdf::Changes, unseen::take_out_unseen};

/// What one content stream may become; more is no page but an attack.
const MAX_CONTENT_BYTES: usize = 256 << 20;
/// Forms in forms in forms: deeper ones are left as they are.
const MAX_DEPTH: usize = 8;

/// Takes the text that isn't seen out of pages: the layer of an earlier recognition. What was changed is new, for these
/// pages alone; what other pages share with them stays.
pub(super) struct Cleaner<'a> {
    original: &'a Pdf,
    /// Forms without that text, by what they were and how they were drawn; `None` for those that had none.
    forms: HashMap<Drawn, Option<ObjectId>>,
}

/// A form, the text rendering mode in which it is drawn, and whether no text of the page is seen.
type Drawn = (ObjectId, i64, bool);

impl<'a> Cleaner<'a> {
    pub(super) fn new(original: &'a Pdf) -> Self {
        Self { original, forms: HashMap::new() }
    }

    /// Changes a page's dictionary so that it draws no text that isn't seen; `false` when there is none, or none that
    /// could be taken out. `is_all_unseen` says that the page shows no text at all.
    pub(super) fn clean_page(&mut self, page: &mut Dictionary, is_all_unseen: bool, changes: &mut Changes) -> bool {
        let Some(content) = self.content_of(page) else { return false };
        let seen = take_out_unseen(&content, 0, is_all_unseen);
        let mut resources = find_resources(self.original, page).cloned().unwrap_or_default();
        let has_forms = self.clean_forms(&mut resources, &seen.drawn, is_all_unseen, (0, changes));
        if has_forms {
            page.set("Resources", resources);
        }
        let Some(content) = seen.content else { return has_forms };
        page.set("Contents", vec![changes.add(compressed(content)).into()]);
        true
    }

    /// Joins what the page draws; an operator may begin in one stream and end in the next.
    fn content_of(&self, page: &Dictionary) -> Option<Vec<u8>> {
        let (_, contents) = self.original.dereference(page.get(b"Contents").ok()?).ok()?;
        let list = match contents {
            Object::Array(streams) => streams.as_slice(),
            stream => std::slice::from_ref(stream),
        };
        let mut joined = Vec::new();
        for stream in list {
            let (_, stream) = self.original.dereference(stream).ok()?;
            let content = stream.as_stream().ok()?.get_plain_content_with_limit(MAX_CONTENT_BYTES).ok()?;
            joined.extend(content);
            joined.push(b'\n');
        }
        Some(joined)
    }

    /// Puts cleaned forms in the place of those that are drawn; `false` when none had to be.
    fn clean_forms(
        &mut self,
        resources: &mut Dictionary,
        drawn: &BTreeMap<Vec<u8>, i64>,
        is_all_unseen: bool,
        (depth, changes): (usize, &mut Changes),
    ) -> bool {
        let objects = resources.get_deref(b"XObject", self.original).and_then(Object::as_dict);
        let Ok(mut objects) = objects.cloned() else { return false };
        let mut is_changed = false;
        for (name, mode) in drawn {
            let Ok(id) = objects.get(name).and_then(Object::as_reference) else { continue };
            if let Some(clean) = self.clean_form((id, *mode, is_all_unseen), (depth, changes)) {
                objects.set(name.clone(), clean);
                is_changed = true;
            }
        }
        if is_changed {
            resources.set("XObject", objects);
        }
        is_changed
    }

    fn clean_form(&mut self, drawn: Drawn, (depth, changes): (usize, &mut Changes)) -> Option<ObjectId> {
        if let Some(known) = self.forms.get(&drawn) {
            return *known;
        }
        // a form that draws itself is met again before it is clean
        self.forms.insert(drawn, None);
        let form = self.original.get_object(drawn.0).and_then(Object::as_stream).ok()?;
        let is_form = form.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Form");
        if !is_form || depth >= MAX_DEPTH {
            return None;
        }
        let content = form.get_plain_content_with_limit(MAX_CONTENT_BYTES).ok()?;
        let seen = take_out_unseen(&content, drawn.1, drawn.2);
        let mut dictionary = form.dict.clone();
        let resources = dictionary.get_deref(b"Resources", self.original).and_then(Object::as_dict).cloned();
        let mut resources = resources.unwrap_or_default();
        let has_forms = self.clean_forms(&mut resources, &seen.drawn, drawn.2, (depth + 1, changes));
        if has_forms {
            dictionary.set("Resources", resources);
        }
        if seen.content.is_none() && !has_forms {
            return None;
        }
        for key in [&b"Filter"[..], b"DecodeParms", b"Length"] {
            dictionary.remove(key);
        }
        let mut clean = Stream::new(dictionary, seen.content.unwrap_or(content));
        // what can't be made smaller stays as it is
        let _ = clean.compress();
        let id = changes.add(clean);
        self.forms.insert(drawn, Some(id));
        Some(id)
    }
}

/// Finds the resources of a page, its own or those of the nearest node above it.
pub(super) fn find_resources<'a>(original: &'a Pdf, page: &'a Dictionary) -> Option<&'a Dictionary> {
    const MAX_TREE_DEPTH: usize = 100;
    let parent = |node: &&'a Dictionary| node.get_deref(b"Parent", original).and_then(Object::as_dict).ok();
    std::iter::successors(Some(page), parent)
        .take(MAX_TREE_DEPTH)
        .find_map(|node| node.get_deref(b"Resources", original).and_then(Object::as_dict).ok())
}
