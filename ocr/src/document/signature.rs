use std::collections::HashSet;

use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Dict, Name},
};

/// Fields and notes that are looked at; a file with more counts as signed, since nobody knows.
const MAX_FIELDS: usize = 100_000;
/// Fields above a field.
const MAX_DEPTH: usize = 32;

/// Says whether a PDF is signed: by its form's flags, a field with a signature in the form or on a page, a
/// certification of the whole document, or rights that somebody signed for.
pub(super) fn is_signed(pdf: &Pdf) -> bool {
    let Some(catalog) = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()) else { return false };
    if catalog.get::<Dict<'_>>("Perms").is_some_and(|rights| !rights.is_empty()) {
        return true;
    }
    catalog.get::<Dict<'_>>("AcroForm").is_some_and(|form| is_form_signed(&form)) || is_page_signed(pdf)
}

fn is_form_signed(form: &Dict<'_>) -> bool {
    /// `AppendOnly`: a change may invalidate signatures. `SignaturesExist` is also set for a field that nobody has signed
    /// (ISO 32000-1, table 219).
    const APPEND_ONLY: i32 = 2;
    if form.get::<i32>("SigFlags").is_some_and(|flags| flags & APPEND_ONLY != 0) {
        return true;
    }
    let mut seen = HashSet::new();
    let mut fields: Vec<Field<'_>> = Field::default().kids(form.get("Fields")).collect();
    let mut count = 0;
    while let Some(field) = fields.pop() {
        count += 1;
        if field.is_signed() || count > MAX_FIELDS || fields.len() > MAX_FIELDS {
            return true;
        }
        let id = field.dict.as_ref().and_then(Dict::obj_id);
        // a tree may hold itself
        if id.is_none_or(|id| seen.insert(id)) {
            let kids = field.dict.as_ref().and_then(|dict| dict.get("Kids"));
            fields.extend(field.kids(kids));
        }
    }
    false
}

/// A field is drawn on a page, and may be listed there alone.
fn is_page_signed(pdf: &Pdf) -> bool {
    let notes = pdf.pages().iter().filter_map(|page| page.raw().get::<Array<'_>>("Annots"));
    let mut count = 0;
    for notes in notes {
        for note in notes.iter::<Dict<'_>>() {
            count += 1;
            if count > MAX_FIELDS || is_note_signed(note) {
                return true;
            }
        }
    }
    false
}

fn is_note_signed(note: Dict<'_>) -> bool {
    let above = std::iter::successors(Some(note), |field| field.get::<Dict<'_>>("Parent"));
    let (mut is_signature, mut has_value) = (None, false);
    for field in above.take(MAX_DEPTH) {
        is_signature = is_signature.or_else(|| is_of_signatures(&field));
        has_value |= field.get::<Dict<'_>>("V").is_some();
    }
    is_signature == Some(true) && has_value
}

fn is_of_signatures(field: &Dict<'_>) -> Option<bool> {
    field.get::<Name<'_>>("FT").map(|kind| &*kind == b"Sig")
}

/// A field of a form, with what it has from those above it.
#[derive(Clone, Default)]
struct Field<'a> {
    dict: Option<Dict<'a>>,
    is_signature: bool,
    has_value: bool,
}

impl<'a> Field<'a> {
    fn kids(self, kids: Option<Array<'a>>) -> impl Iterator<Item = Self> {
        let kids: Vec<Dict<'a>> = kids.iter().flat_map(Array::iter::<Dict<'a>>).take(MAX_FIELDS + 1).collect();
        kids.into_iter().map(move |dict| Self {
            is_signature: is_of_signatures(&dict).unwrap_or(self.is_signature),
            has_value: self.has_value || dict.get::<Dict<'_>>("V").is_some(),
            dict: Some(dict),
        })
    }

    const fn is_signed(&self) -> bool {
        self.is_signature && self.has_value
    }
}
