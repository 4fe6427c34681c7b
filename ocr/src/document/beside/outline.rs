use std::collections::{HashMap, HashSet};

use hayro::hayro_syntax::object::{Dict, ObjectIdentifier};

use super::{
    targets::{Target, Targets},
    text_of,
};

/// Bookmarks that are looked at; a book has some hundred.
const MAX_BOOKMARKS: usize = 20_000;
const MAX_DEPTH: u32 = 32;

/// A bookmark, and those below it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bookmark {
    pub(crate) title: String,
    /// Where it leads, inside the document.
    pub(crate) target: Option<Target>,
    /// Whether those below it are shown.
    pub(crate) is_open: bool,
    pub(crate) kids: Vec<Self>,
}

/// Reads the bookmarks (ISO 32000-1, 12.3.3), and says whether these are all and lead where they led.
pub(super) fn read_outline<'a>(catalog: &Dict<'a>, pages: HashMap<ObjectIdentifier, u32>) -> (Vec<Bookmark>, bool) {
    let Some(first) = catalog.get::<Dict<'a>>("Outlines").and_then(|root| root.get::<Dict<'a>>("First")) else {
        return (Vec::new(), true);
    };
    let mut walk = Walk { targets: Targets::new(catalog, pages), seen: HashSet::new(), are_whole: true };
    let bookmarks = walk.visit(first, 0);
    (bookmarks, walk.are_whole)
}

struct Walk<'a> {
    targets: Targets<'a>,
    /// A list may hold itself.
    seen: HashSet<ObjectIdentifier>,
    are_whole: bool,
}

impl<'a> Walk<'a> {
    /// Reads a bookmark and those behind it.
    fn visit(&mut self, first: Dict<'a>, depth: u32) -> Vec<Bookmark> {
        let mut bookmarks = Vec::new();
        let mut next = Some(first);
        while let Some(item) = next {
            let is_new = item.obj_id().is_some_and(|id| self.seen.insert(id));
            if !is_new || depth > MAX_DEPTH || self.seen.len() > MAX_BOOKMARKS {
                self.are_whole = false;
                break;
            }
            let (leads, target) = self.targets.of(&item);
            self.are_whole &= !leads || target.is_some();
            let kids = item.get::<Dict<'a>>("First").map(|first| self.visit(first, depth + 1)).unwrap_or_default();
            let is_open = item.get::<i32>("Count").is_some_and(|count| count > 0);
            let title = text_of(&item, "Title").unwrap_or_default();
            bookmarks.push(Bookmark { title, target, is_open, kids });
            next = item.get("Next");
        }
        bookmarks
    }
}
