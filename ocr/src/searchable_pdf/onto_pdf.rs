use std::collections::{BTreeSet, HashSet};

use lopdf::{Dictionary, Document as Pdf, IncrementalDocument, LoadOptions, Object, ObjectId, Stream};

use untxt_page::{Bounds, Word};

use super::{UNWRITTEN, font, layer::write_layer};
use crate::{Document, OcrError, PageContent, document::PdfFile, own_page::is_own_page};

/// Adds the text to a PDF. The file's own bytes stay as they are, and what is new is appended (an incremental
/// update); only a file whose table of objects had to be repaired is written anew, its streams untouched. A file that
/// gets no text is given back as it is, signed or locked or not. The copy
/// of a locked file is locked with the same password.
pub(super) fn add_text(
    document: &Document,
    file: &PdfFile,
    pages: &[Option<PageContent>],
) -> Result<Vec<u8>, OcrError> {
    if pages.iter().flatten().all(|page| page.words.is_empty() || is_own_page(page)) {
        return Ok(document.bytes.to_vec());
    }
    let password = document.options.password.as_ref().map_or("", |password| password.reveal());
    let original =
        Pdf::load_mem_with_options(&document.bytes, LoadOptions::with_password(password)).map_err(|_| UNWRITTEN)?;
    let changes = list_changes(document, file, &original, pages)?;
    if changes.is_empty() && original.xref_recovery.is_none() {
        return Ok(document.bytes.to_vec());
    }
    if document.is_signed() && !document.options.copies_signed {
        return Err(OcrError::Signed);
    }
    if original.is_encrypted() {
        return Err(if document.options.password.is_some() { OcrError::Encrypted } else { UNWRITTEN });
    }
    let mut bytes = Vec::with_capacity(document.bytes.len() + (64 << 10));
    if original.xref_recovery.is_some() {
        let mut rewritten = original;
        apply(&mut rewritten, changes);
        rewritten.save_to(&mut bytes).map_err(|_| UNWRITTEN)?;
    } else {
        let mut update = IncrementalDocument::create_from(document.bytes.to_vec(), original);
        apply(&mut update.new_document, changes);
        update.save_to(&mut bytes).map_err(|_| UNWRITTEN)?;
    }
    check(&bytes, document)?;
    Ok(bytes)
}

fn apply(pdf: &mut Pdf, changes: Vec<(ObjectId, Object)>) {
    for (id, object) in changes {
        pdf.max_id = pdf.max_id.max(id.0);
        pdf.set_object(id, object);
    }
}

/// Opens what was written: a file that would lose pages is not given out.
fn check(bytes: &[u8], document: &Document) -> Result<(), OcrError> {
    let written = Document::open(bytes.to_vec(), &document.options)?;
    if written.page_count() == document.page_count() { Ok(()) } else { Err(UNWRITTEN) }
}

/// Lists new and changed objects: the font, and for each page with words its text and the page itself.
fn list_changes(
    document: &Document,
    file: &PdfFile,
    original: &Pdf,
    pages: &[Option<PageContent>],
) -> Result<Vec<(ObjectId, Object)>, OcrError> {
    let font_id = original.max_id + 1;
    let guard_id = (font_id + font::OBJECTS, 0);
    let mut next_id = guard_id.0 + 1;
    let mut changes = Vec::new();
    let mut shapes = BTreeSet::new();
    let mut inspector = document.inspector();
    for (index, page) in (0..).zip(pages) {
        let Some(page) = page.as_ref().filter(|page| !is_own_page(page)) else { continue };
        let placement = file.placement(index, &document.options)?;
        let own = inspector.inspect(index)?.own_words(page.width, page.height);
        let Some(page) = without_own_text(page, &own, placement.own_letters) else { continue };
        let page = &page;
        let page_id = placement.object.ok_or(UNWRITTEN)?;
        let dictionary = original.get_dictionary(page_id).map_err(|_| UNWRITTEN)?;
        let mut text = b"Q\n".to_vec();
        let mut used = BTreeSet::new();
        text.extend(write_layer(page, placement.area, placement.to_user_space, &mut used));
        let fonts: Vec<_> = used.iter().map(|shape| (shape.name(), shape.object(font_id))).collect();
        shapes.append(&mut used);
        let text_id = (next_id, 0);
        next_id += 1;
        changes.push((text_id, font::compressed(text).into()));
        changes.push((page_id, add_to_page(original, dictionary, [guard_id, text_id], fonts).into()));
    }
    if !changes.is_empty() {
        changes.extend(font::make_fonts(font_id, &shapes));
        // what the page draws must not move the text: its state is saved before and restored behind
        changes.push((guard_id, Stream::new(Dictionary::new(), b"q\n".to_vec()).into()));
    }
    Ok(changes)
}

/// Leaves the words that the page doesn't bring itself, `None` when there are none: a second layer would make every
/// copied word double.
fn without_own_text(page: &PageContent, own: &[Word], own_letters: u32) -> Option<PageContent> {
    let places: HashSet<Bounds> = own.iter().map(|word| word.bounds).collect();
    let words: Vec<Word> = page.words.iter().filter(|word| !places.contains(&word.bounds)).cloned().collect();
    let letters: usize = words.iter().map(|word| word.text.chars().count()).sum();
    // text that was passed over on purpose is still there
    let has_all = own.is_empty() && own_letters as usize * 2 >= letters;
    (!words.is_empty() && !has_all).then(|| PageContent { words, ..page.clone() })
}

fn add_to_page(
    original: &Pdf,
    page: &Dictionary,
    [guard, text]: [ObjectId; 2],
    new_fonts: Vec<(String, ObjectId)>,
) -> Dictionary {
    let mut page = page.clone();
    let mut contents = vec![guard.into()];
    match page.get(b"Contents").and_then(|object| original.dereference(object)) {
        Ok((_, Object::Array(streams))) => contents.extend(streams.iter().cloned()),
        Ok((Some(id), Object::Stream(_))) => contents.push(id.into()),
        _ => {}
    }
    contents.push(text.into());
    page.set("Contents", contents);
    let mut resources = find_resources(original, &page).cloned().unwrap_or_default();
    let fonts = resources.get_deref(b"Font", original).and_then(Object::as_dict).cloned();
    let mut fonts = fonts.unwrap_or_default();
    for (name, font) in new_fonts {
        fonts.set(name, font);
    }
    resources.set("Font", fonts);
    page.set("Resources", resources);
    page
}

/// Finds the resources of a page, its own or those of the nearest node above it.
fn find_resources<'a>(original: &'a Pdf, page: &'a Dictionary) -> Option<&'a Dictionary> {
    const MAX_DEPTH: usize = 100;
    let parent = |node: &&'a Dictionary| node.get_deref(b"Parent", original).and_then(Object::as_dict).ok();
    std::iter::successors(Some(page), parent)
        .take(MAX_DEPTH)
        .find_map(|node| node.get_deref(b"Resources", original).and_then(Object::as_dict).ok())
}
