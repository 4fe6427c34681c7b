use std::collections::HashSet;

use lopdf::{Dictionary, Document as Pdf, IncrementalDocument, LoadOptions, Object, ObjectId, Stream};

use untxt_page::{Bounds, TextMode, Word};

use super::{
    Making, SearchablePdf, UNWRITTEN, appendix,
    font::{self, Typeface},
    layer::Layer,
    old_layer::{Cleaner, find_resources},
    pen::write_layer,
};
use crate::{
    Document, OcrError, PageContent, PageInspection,
    document::{Kind, PdfFile, header_offset},
};

/// Readers know no object above 8,388,607 (ISO 32000-1, table C.1); here is room for more.
const LAST_ID: u32 = u32::MAX / 2;

/// Adds the text to a PDF. The file's own bytes stay as they are, and what is new is appended (an incremental
/// update); only a file whose table of objects had to be repaired is written anew, its streams untouched. A file that
/// gets no text is given back as it is, signed or locked or not, but for one whose page tree counts wrongly, which other
/// readers believe: the count is set right. The copy of a locked file is locked with the same password.
pub(super) fn add_text(
    document: &Document,
    file: &PdfFile,
    pages: &[Option<PageContent>],
) -> Result<SearchablePdf, OcrError> {
    let options = &document.options;
    let is_signed = document.is_signed();
    let unchanged = || made(document.bytes.to_vec(), Making::Unchanged);
    if pages.iter().flatten().all(|page| stays(page, options.text_mode)) {
        let is_kept = is_signed || file.counts_its_pages();
        return Ok(if is_kept { unchanged() } else { change(document, file, pages).unwrap_or_else(|_| unchanged()) });
    }
    if is_signed && !options.copies_signed {
        // also one that can't be changed at all is only refused
        let has_changes = !plan(document, file, pages).is_ok_and(|(_, changes)| changes.is_empty());
        return if has_changes { Err(OcrError::Signed) } else { Ok(unchanged()) };
    }
    change(document, file, pages)
}

/// Reads the objects of a PDF, and lists what is changed. Places in a PDF count from its header.
fn plan(
    document: &Document,
    file: &PdfFile,
    pages: &[Option<PageContent>],
) -> Result<(Pdf, Vec<(ObjectId, Object)>), OcrError> {
    let original = load(&document.bytes[header_offset(&document.bytes)..], document)?;
    let changes = list_changes(document, file, &original, pages)?;
    Ok((original, changes))
}

fn change(document: &Document, file: &PdfFile, pages: &[Option<PageContent>]) -> Result<SearchablePdf, OcrError> {
    let (original, changes) = plan(document, file, pages)?;
    let (junk, bytes) = document.bytes.split_at(header_offset(&document.bytes));
    let is_sound = original.xref_recovery.is_none();
    if changes.is_empty() && (is_sound || document.is_signed()) {
        return Ok(made(document.bytes.to_vec(), Making::Unchanged));
    }
    if original.is_encrypted() {
        return Err(if document.options.password.is_some() { OcrError::Encrypted } else { UNWRITTEN });
    }
    let ids: Vec<ObjectId> = changes.iter().map(|(id, _)| *id).collect();
    if is_sound {
        let updated = match appendix::append_packed(junk, bytes, &original, &changes) {
            Some(updated) => updated,
            None => append(junk, bytes, original, changes.clone())?,
        };
        if check(&updated, document, &ids).is_ok() {
            return Ok(made(updated, Making::Extended));
        }
    }
    // a signature proves bytes that a file written anew has not
    if document.is_signed() {
        return Err(UNWRITTEN);
    }
    let mut original = load(bytes, document)?;
    apply(&mut original, changes);
    let mut rewritten = Vec::with_capacity(bytes.len() + (64 << 10));
    original.save_to(&mut rewritten).map_err(|_| UNWRITTEN)?;
    check(&rewritten, document, &ids)?;
    Ok(made(rewritten, Making::Extended))
}

const fn made(bytes: Vec<u8>, making: Making) -> SearchablePdf {
    SearchablePdf { bytes, making, drawn: Vec::new(), dropped: Vec::new() }
}

fn load(bytes: &[u8], document: &Document) -> Result<Pdf, OcrError> {
    let password = document.options.password.as_ref().map_or("", |password| password.reveal());
    Pdf::load_mem_with_options(bytes, LoadOptions::with_password(password)).map_err(|_| UNWRITTEN)
}

/// Appends changes to a file whose table of objects is sound, and puts it behind the junk that it stood behind.
fn append(junk: &[u8], bytes: &[u8], original: Pdf, changes: Vec<(ObjectId, Object)>) -> Result<Vec<u8>, OcrError> {
    let mut update = IncrementalDocument::create_from(bytes.to_vec(), original);
    apply(&mut update.new_document, changes);
    let mut updated = junk.to_vec();
    update.save_to(&mut updated).map_err(|_| UNWRITTEN)?;
    Ok(updated)
}

fn apply(pdf: &mut Pdf, changes: Vec<(ObjectId, Object)>) {
    for (id, object) in changes {
        pdf.max_id = pdf.max_id.max(id.0);
        pdf.set_object(id, object);
    }
}

/// Opens what was written: a file that would lose pages or counts them wrongly is not given out, nor one whose table of
/// objects has to be repaired to find what is new.
fn check(bytes: &[u8], document: &Document, ids: &[ObjectId]) -> Result<(), OcrError> {
    let written = Document::open(bytes.to_vec(), &document.options)?;
    let objects = load(&bytes[header_offset(bytes)..], document)?;
    let is_sound = objects.xref_recovery.is_none() && ids.iter().all(|id| objects.objects.contains_key(id));
    let counts = matches!(&written.kind, Kind::Pdf(file) if file.counts_its_pages());
    if is_sound && counts && written.page_count() == document.page_count() { Ok(()) } else { Err(UNWRITTEN) }
}

/// New and changed objects of a PDF.
#[derive(Debug)]
pub(super) struct Changes {
    objects: Vec<(ObjectId, Object)>,
    last: u32,
}

impl Changes {
    /// Gives a number that no object has.
    pub(super) const fn new_id(&mut self) -> ObjectId {
        self.last += 1;
        (self.last, 0)
    }

    pub(super) fn add(&mut self, object: impl Into<Object>) -> ObjectId {
        let id = self.new_id();
        self.objects.push((id, object.into()));
        id
    }
}

/// A page that gets text.
struct Page {
    id: ObjectId,
    /// As it was, or without its old text.
    dictionary: Dictionary,
    layer: Layer,
}

/// Lists new and changed objects: the fonts, and for each page with words its text and the page itself.
fn list_changes(
    document: &Document,
    file: &PdfFile,
    original: &Pdf,
    pages: &[Option<PageContent>],
) -> Result<Vec<(ObjectId, Object)>, OcrError> {
    if original.max_id > LAST_ID {
        return Err(UNWRITTEN);
    }
    let mut changes = Changes { objects: Vec::new(), last: original.max_id };
    let mut cleaner = Cleaner::new(original);
    let mut inspector = document.inspector();
    let mut pages_with_text = Vec::new();
    for (index, page) in (0..).zip(pages) {
        let Some(page) = page.as_ref().filter(|page| !stays(page, document.options.text_mode)) else { continue };
        let placement = file.placement(index)?;
        let inspection = inspector.inspect(index)?;
        let id = placement.object.ok_or(UNWRITTEN)?;
        let mut dictionary = original.get_dictionary(id).map_err(|_| UNWRITTEN)?.clone();
        let is_cleaned = document.options.text_mode != TextMode::Skip
            && cleaner.clean_page(&mut dictionary, inspection.hides_its_text(), &mut changes);
        match without_own_text(page, &inspection, document.options.text_mode) {
            Some(page) => {
                let layer = Layer::of(&page, inspection.area(), placement.to_user_space);
                pages_with_text.push(Page { id, dictionary, layer });
            }
            None if is_cleaned => changes.objects.push((id, dictionary.into())),
            None => {}
        }
    }
    add_layers(original, pages_with_text, &mut changes);
    if !file.counts_its_pages() {
        changes.objects.extend(count_pages(original, document.page_count()));
    }
    Ok(changes.objects)
}

/// Sets right how many pages the page tree says there are.
fn count_pages(original: &Pdf, page_count: u32) -> Option<(ObjectId, Object)> {
    let id = original.catalog().ok()?.get(b"Pages").and_then(Object::as_reference).ok()?;
    let mut root = original.get_dictionary(id).ok()?.clone();
    root.set("Count", page_count);
    Some((id, root.into()))
}

/// Adds the text of pages, with fonts that they share.
fn add_layers(original: &Pdf, pages: Vec<Page>, changes: &mut Changes) {
    if pages.is_empty() {
        return;
    }
    let typeface = Typeface::of(pages.iter().map(|page| &page.layer)).tagged(original.max_id + 1);
    // what the page draws must not move the text: its state is saved before and restored behind
    let guard = changes.add(Stream::new(Dictionary::new(), b"q\n".to_vec()));
    let fonts = typeface.make_fonts(|object| changes.add(object));
    let shared = changes.add(fonts.clone());
    for page in pages {
        let text = changes.add(font::compressed([&b"Q\n"[..], &write_layer(&page.layer, &typeface)].concat()));
        let mut dictionary = with_content(original, page.dictionary, [guard, text]);
        add_fonts(original, &mut dictionary, &fonts, shared);
        changes.objects.push((page.id, dictionary.into()));
    }
}

/// Says, without looking, that a page gets no text and loses none.
fn stays(page: &PageContent, mode: TextMode) -> bool {
    mode == TextMode::Skip && (page.words.is_empty() || page.is_text_of_file())
}

/// Leaves the words that the page doesn't bring itself, `None` when there are none: a second layer would make every
/// copied word double.
fn without_own_text(page: &PageContent, inspection: &PageInspection, mode: TextMode) -> Option<PageContent> {
    let own = inspection.own_words(page.width, page.height);
    let places: HashSet<Bounds> = own.iter().map(|word| word.bounds).collect();
    let words: Vec<Word> = page.words.iter().filter(|word| !places.contains(&word.bounds)).cloned().collect();
    let letters: usize = words.iter().map(|word| word.text.chars().count()).sum();
    // text that was passed over on purpose is still there, unless it was taken out
    let left = inspection.own_letters(mode == TextMode::Skip);
    let has_all = own.is_empty() && left * 2 >= letters;
    (!words.is_empty() && !has_all).then(|| PageContent { words, ..page.clone() })
}

/// Puts the guard before what a page draws, and the text behind.
fn with_content(original: &Pdf, mut page: Dictionary, [guard, text]: [ObjectId; 2]) -> Dictionary {
    let mut contents = vec![guard.into()];
    match page.get(b"Contents").and_then(|object| original.dereference(object)) {
        Ok((_, Object::Array(streams))) => contents.extend(streams.iter().cloned()),
        Ok((Some(id), Object::Stream(_))) => contents.push(id.into()),
        _ => {}
    }
    contents.push(text.into());
    page.set("Contents", contents);
    page
}

/// Adds the new fonts to those of a page; a page without any takes them where they are `shared`.
fn add_fonts(original: &Pdf, page: &mut Dictionary, fonts: &Dictionary, shared: ObjectId) {
    let mut resources = find_resources(original, page).cloned().unwrap_or_default();
    let own = resources.get_deref(b"Font", original).and_then(Object::as_dict).ok().filter(|own| !own.is_empty());
    let all = own.map_or_else(
        || shared.into(),
        |own| {
            Object::from(
                own.iter().chain(fonts).map(|(name, font)| (name.clone(), font.clone())).collect::<Dictionary>(),
            )
        },
    );
    resources.set("Font", all);
    page.set("Resources", resources);
}
