//! What a PDF has beside its pages: what it is called, its bookmarks, the numbers on its pages, its language, and what no
//! picture of a page can hold.
//!
//! Promises: bounded work on hostile files; what is named is there. Refuses to know: how it is written again.

mod about;
mod labels;
mod outline;
mod parts;
mod targets;
mod tree;

pub use self::parts::Part;
pub(crate) use self::{about::About, labels::PageLabel, outline::Bookmark, targets::Target};

use std::collections::{BTreeSet, HashMap};

use hayro::hayro_syntax::{
    Pdf,
    object::{Dict, ObjectIdentifier, String as PdfString},
};

/// What a PDF has beside its pages.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) about: About,
    pub(crate) bookmarks: Vec<Bookmark>,
    pub(crate) labels: Vec<PageLabel>,
    /// What can't be in a file that is made of pictures of the pages.
    pub(crate) parts: BTreeSet<Part>,
}

impl Beside {
    /// Reads it; `pages` are the places (from 0) of the pages by their objects.
    pub(super) fn read(pdf: &Pdf, pages: HashMap<ObjectIdentifier, u32>) -> Self {
        let Some(catalog) = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()) else { return Self::default() };
        let mut parts = parts::list_parts(pdf, &catalog);
        let (bookmarks, are_whole) = outline::read_outline(&catalog, pages);
        parts.extend((!are_whole).then_some(Part::Bookmarks));
        Self { about: About::read(pdf.metadata(), &catalog), bookmarks, labels: labels::read_labels(&catalog), parts }
    }
}

/// Reads a text as PDF codes it (ISO 32000-1, 7.9.2.2); `None` when it says nothing.
fn read_text(bytes: &[u8]) -> Option<String> {
    let text = lopdf::Object::String(bytes.to_vec(), lopdf::StringFormat::Literal);
    lopdf::decode_text_string(&text).ok().filter(|text| !text.trim().is_empty())
}

fn text_of(dict: &Dict<'_>, key: &str) -> Option<String> {
    read_text(dict.get::<PdfString<'_>>(key)?.as_bytes())
}
