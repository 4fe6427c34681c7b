use std::collections::HashSet;

use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Dict, MaybeRef, Name, Object},
};

/// Lists the pages as the page tree counts them: for each its place among the pages that can be loaded, or `None`
/// for one that is damaged. (The renderer passes over damaged ones, which would shift the numbers of all behind.)
pub(super) fn list_pages(pdf: &Pdf, max_pages: u32) -> Vec<Option<usize>> {
    let loaded = pdf.pages().len();
    let mut walk = Walk { pdf, seen: HashSet::new(), pages: Vec::new(), loaded: 0, limit: max_pages as usize + 1 };
    let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()).and_then(|catalog| catalog.get::<Dict<'_>>("Pages"));
    if let Some(root) = root {
        walk.visit(&root, 0);
    }
    if walk.loaded == loaded || walk.pages.len() > max_pages as usize {
        return walk.pages;
    }
    // the tree is damaged and the renderer found the pages in another way
    (0..loaded).map(Some).collect()
}

struct Walk<'a> {
    pdf: &'a Pdf,
    seen: HashSet<(u32, i32)>,
    pages: Vec<Option<usize>>,
    loaded: usize,
    limit: usize,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, node: &Dict<'a>, depth: u32) {
        // deeper trees are no trees
        const MAX_DEPTH: u32 = 100;
        let Some(kids) = node.get::<Array<'a>>("Kids") else { return };
        if depth > MAX_DEPTH {
            return;
        }
        for kid in kids.raw_iter() {
            if self.pages.len() >= self.limit {
                return;
            }
            let kid = match kid {
                MaybeRef::Ref(id) => {
                    if !self.seen.insert((id.obj_number, id.gen_number)) {
                        continue;
                    }
                    self.pdf.xref().get::<Object<'a>>(id.into()).and_then(Object::into_dict)
                }
                MaybeRef::NotRef(object) => object.into_dict(),
            };
            match kid {
                None => self.pages.push(None),
                Some(kid) if kid.get::<Name<'_>>("Type").is_some_and(|name| &*name == b"Pages") => {
                    self.visit(&kid, depth + 1);
                }
                Some(_) => {
                    self.pages.push(Some(self.loaded));
                    self.loaded += 1;
                }
            }
        }
    }
}
