use std::collections::HashMap;

use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Dict, MaybeRef, Name, Object},
};

/// Lists the pages as the page tree counts them: for each its place among the pages that can be loaded, or `None`
/// for one that is damaged. (The renderer passes over damaged ones, which would shift the numbers of all behind.)
/// Says also whether the tree is so damaged that these are only what looks like pages.
pub(super) fn list_pages(pdf: &Pdf, max_pages: u32) -> (Vec<Option<usize>>, bool) {
    let loaded = pdf.pages().len();
    let mut walk = Walk { pdf, seen: HashMap::new(), pages: Vec::new(), loaded: 0, limit: max_pages as usize + 1 };
    let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()).and_then(|catalog| catalog.get::<Dict<'_>>("Pages"));
    if let Some(root) = root {
        walk.visit(&root, 0);
    }
    if walk.loaded == loaded || walk.pages.len() > max_pages as usize {
        return (walk.pages, false);
    }
    // the tree is damaged and the renderer found the pages in another way
    ((0..loaded).map(Some).collect(), true)
}

/// The place of a page among those that can be loaded.
type Leaf = Option<usize>;

struct Walk<'a> {
    pdf: &'a Pdf,
    /// Objects that were met, with their place if they are pages. The renderer loads each once, however often it
    /// is named; a `Pages` node that is met again would be a circle.
    seen: HashMap<(u32, i32), Option<Leaf>>,
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
            let (id, kid) = match kid {
                MaybeRef::Ref(id) => {
                    let key = (id.obj_number, id.gen_number);
                    if let Some(known) = self.seen.get(&key) {
                        self.pages.extend(*known);
                        continue;
                    }
                    (Some(key), self.pdf.xref().get::<Object<'a>>(id.into()).and_then(Object::into_dict))
                }
                MaybeRef::NotRef(object) => (None, object.into_dict()),
            };
            match kid {
                None => self.add(id, None),
                Some(kid) if kid.get::<Name<'_>>("Type").is_some_and(|name| &*name == b"Pages") => {
                    self.seen.extend(id.map(|id| (id, None)));
                    self.visit(&kid, depth + 1);
                }
                Some(_) => {
                    self.add(id, Some(self.loaded));
                    self.loaded += 1;
                }
            }
        }
    }

    fn add(&mut self, id: Option<(u32, i32)>, leaf: Leaf) {
        self.seen.extend(id.map(|id| (id, Some(leaf))));
        self.pages.push(leaf);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdf(kids: &str) -> Pdf {
        let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>";
        let objects = ["<</Type/Catalog/Pages 2 0 R>>", &format!("<</Type/Pages/Count 5/Kids[{kids}]>>"), page, page];
        let mut bytes = String::from("%PDF-1.7\n");
        for (index, object) in objects.iter().enumerate() {
            bytes += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
        }
        bytes += "trailer\n<</Root 1 0 R/Size 5>>\n%%EOF\n";
        Pdf::new(bytes.into_bytes()).expect("a document")
    }

    #[test]
    fn a_page_that_is_named_again_counts_again() {
        let (three, four) = (Some(0), Some(1));
        let pdf = pdf("3 0 R 3 0 R 4 0 R 3 0 R 3 0 R");
        assert_eq!(list_pages(&pdf, 9), (vec![three, three, four, three, three], false));
        assert_eq!(list_pages(&pdf, 2).0.len(), 3, "enough to see that these are too many");
    }

    #[test]
    fn a_tree_that_holds_itself_ends() {
        assert_eq!(list_pages(&pdf("3 0 R 2 0 R"), 9).0, [Some(0), Some(0)]);
    }
}
