use std::collections::HashMap;

use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier};

use super::tree::list_entries;

/// Names of places that are looked at.
const MAX_NAMES: usize = 100_000;

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    /// Page, from 0.
    pub(crate) page: u32,
    /// In the page's own coordinates; both are missing where the whole page is meant.
    pub(crate) left: Option<f64>,
    pub(crate) top: Option<f64>,
}

/// Finds places of a document by what names them.
pub(super) struct Targets<'a> {
    pages: HashMap<ObjectIdentifier, u32>,
    names: HashMap<Vec<u8>, Object<'a>>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(catalog: &Dict<'a>, pages: HashMap<ObjectIdentifier, u32>) -> Self {
        let mut names = HashMap::new();
        let old: Option<Dict<'a>> = catalog.get("Dests");
        for key in old.iter().flat_map(Dict::keys).take(MAX_NAMES) {
            let place = old.as_ref().and_then(|old| old.get::<Object<'a>>(&*key));
            names.extend(place.map(|place| (key.to_vec(), place)));
        }
        let tree = catalog.get::<Dict<'a>>("Names").and_then(|names| names.get::<Dict<'a>>("Dests"));
        let tree = tree.map(|tree| list_entries(tree, "Names")).unwrap_or_default();
        names.extend(
            tree.into_iter().filter_map(|(name, place)| Some((name.into_string()?.as_bytes().to_vec(), place))),
        );
        Self { pages, names }
    }

    /// Says whether something is meant to lead anywhere, and where to; `None` for what leads out of the document or to
    /// a page that isn't there.
    pub(super) fn of(&self, item: &Dict<'a>) -> (bool, Option<Target>) {
        let action = item.get::<Dict<'a>>("A");
        let is_place = |action: &Dict<'a>| action.get::<Name<'_>>("S").is_some_and(|kind| &*kind == b"GoTo");
        let leads = item.contains_key("Dest") || item.contains_key("A");
        let place = item.get::<Object<'a>>("Dest").or_else(|| action.filter(is_place)?.get("D"));
        (leads, place.and_then(|place| self.find(&place, true)))
    }

    fn find(&self, place: &Object<'a>, may_be_name: bool) -> Option<Target> {
        match place {
            Object::Array(array) => self.read(array),
            Object::Dict(dict) => self.read(&dict.get("D")?),
            Object::Name(name) if may_be_name => self.find(self.names.get(&**name)?, false),
            Object::String(name) if may_be_name => self.find(self.names.get(name.as_bytes())?, false),
            _ => None,
        }
    }

    /// Reads a page and how it is shown (ISO 32000-1, table 151).
    fn read(&self, array: &Array<'a>) -> Option<Target> {
        let page = match array.raw_iter().next()? {
            MaybeRef::Ref(id) => *self.pages.get(&id.into())?,
            // some writers number them
            MaybeRef::NotRef(Object::Number(number)) => u32::try_from(number.as_i64()).ok()?,
            MaybeRef::NotRef(_) => return None,
        };
        let mut parts = array.iter::<Object<'a>>().skip(1);
        let how = parts.next().and_then(Object::into_name);
        let numbers: Vec<Option<f64>> = parts.take(4).map(|part| Some(part.into_number()?.as_f64())).collect();
        let number = |place: usize| numbers.get(place).copied().flatten();
        let (left, top) = match how.as_deref() {
            Some(b"XYZ") => (number(0), number(1)),
            Some(b"FitH" | b"FitBH") => (None, number(0)),
            Some(b"FitV" | b"FitBV") => (number(0), None),
            Some(b"FitR") => (number(0), number(3)),
            _ => (None, None),
        };
        Some(Target { page, left, top })
    }
}
