use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, dictionary, text_string};

use crate::document::{Beside, Bookmark, PageLabel, Target};

/// Adds to a new PDF what it keeps of what the original has beside its pages: bookmarks, the numbers on pages, the
/// language. `place` turns places of the original into those of the new file.
pub(super) fn keep(
    pdf: &mut Pdf,
    catalog: &mut Dictionary,
    original: &Beside,
    place: impl Fn(Target) -> Option<Object>,
) {
    if let Some(language) = &original.about.language {
        catalog.set("Lang", text_string(language));
    }
    if !original.labels.is_empty() {
        let entries =
            original.labels.iter().flat_map(|label| [i64::from(label.page).into(), write_label(label).into()]);
        catalog.set("PageLabels", dictionary! { "Nums" => entries.collect::<Vec<Object>>() });
    }
    let root = pdf.new_object_id();
    if let Some(List { first, last, shown }) = write_bookmarks(pdf, root, &original.bookmarks, &place) {
        pdf.set_object(root, dictionary! { "Type" => "Outlines", "First" => first, "Last" => last, "Count" => shown });
        catalog.set("Outlines", root);
    }
}

fn write_label(label: &PageLabel) -> Dictionary {
    let mut written = Dictionary::new();
    if let Some(style) = &label.style {
        written.set("S", style.as_str());
    }
    if let Some(prefix) = &label.prefix {
        written.set("P", text_string(prefix));
    }
    if let Some(start) = label.start {
        written.set("St", start);
    }
    written
}

/// Bookmarks below one, or below none.
struct List {
    first: ObjectId,
    last: ObjectId,
    /// How many one sees when it is open.
    shown: i64,
}

fn write_bookmarks(
    pdf: &mut Pdf,
    above: ObjectId,
    bookmarks: &[Bookmark],
    place: &impl Fn(Target) -> Option<Object>,
) -> Option<List> {
    let ids: Vec<ObjectId> = bookmarks.iter().map(|_| pdf.new_object_id()).collect();
    let mut shown = 0;
    for (at, bookmark) in bookmarks.iter().enumerate() {
        let mut item = dictionary! { "Title" => text_string(&bookmark.title), "Parent" => above };
        let neighbours = [("Prev", at.checked_sub(1)), ("Next", Some(at + 1))];
        for (key, neighbour) in neighbours {
            if let Some(id) = neighbour.and_then(|at| ids.get(at)) {
                item.set(key, *id);
            }
        }
        if let Some(place) = bookmark.target.and_then(place) {
            item.set("Dest", place);
        }
        shown += 1;
        if let Some(list) = write_bookmarks(pdf, ids[at], &bookmark.kids, place) {
            item.set("First", list.first);
            item.set("Last", list.last);
            // closed ones count below nothing
            item.set("Count", if bookmark.is_open { list.shown } else { -list.shown });
            shown += if bookmark.is_open { list.shown } else { 0 };
        }
        pdf.set_object(ids[at], item);
    }
    Some(List { first: *ids.first()?, last: *ids.last()?, shown })
}
