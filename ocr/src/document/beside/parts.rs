use std::collections::BTreeSet;

use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Dict, Name, Object},
};

/// Annotations that are looked at.
const MAX_NOTES: usize = 100_000;

/// Something that a PDF may have beside what one sees of its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Bookmarks that lead out of the document or nowhere; the others are kept.
    Bookmarks,
    /// Links on pages.
    Links,
    /// Comments, stamps and marks of readers; one sees them still.
    Comments,
    /// Fields to fill in; one sees what they hold.
    Forms,
    /// Files inside the file.
    Attachments,
    /// Scripts and other actions.
    Scripts,
    /// Layers that can be hidden; one sees those that were shown.
    Layers,
    /// What is heading, list and table, for those who can't see.
    Structure,
    /// A signature; it proves the original alone.
    Signature,
}

impl Part {
    /// Names it, for people and programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bookmarks => "bookmarks",
            Self::Links => "links",
            Self::Comments => "comments",
            Self::Forms => "forms",
            Self::Attachments => "attachments",
            Self::Scripts => "scripts",
            Self::Layers => "layers",
            Self::Structure => "structure",
            Self::Signature => "signature",
        }
    }
}

/// Lists what the document has of these, but for bookmarks.
pub(super) fn list_parts(pdf: &Pdf, catalog: &Dict<'_>) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    let names = catalog.get::<Dict<'_>>("Names");
    let is_named = |key: &str| names.as_ref().is_some_and(|names| names.contains_key(key));
    let has_array =
        |dict: &Dict<'_>, key: &str| dict.get::<Array<'_>>(key).is_some_and(|array| array.raw_iter().next().is_some());
    let form = catalog.get::<Dict<'_>>("AcroForm");
    let has_script = catalog.get::<Dict<'_>>("OpenAction").is_some_and(|action| {
        // an action that only says where to begin reading is none to be missed
        action.get::<Name<'_>>("S").is_none_or(|kind| &*kind != b"GoTo")
    });
    let found = [
        (Part::Forms, form.is_some_and(|form| has_array(&form, "Fields"))),
        (
            Part::Attachments,
            is_named("EmbeddedFiles") || has_array(catalog, "AF") || catalog.contains_key("Collection"),
        ),
        (Part::Scripts, is_named("JavaScript") || catalog.contains_key("AA") || has_script),
        (Part::Layers, catalog.contains_key("OCProperties")),
        (Part::Structure, catalog.contains_key("StructTreeRoot")),
        (Part::Signature, super::super::signature::is_signed(pdf)),
    ];
    parts.extend(found.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part));
    let notes = pdf.pages().iter().filter_map(|page| page.raw().get::<Array<'_>>("Annots"));
    for note in notes.flat_map(|notes| notes.iter::<Object<'_>>().collect::<Vec<_>>()).take(MAX_NOTES) {
        parts.extend(note.into_dict().and_then(|note| part_of(&note)));
    }
    parts
}

fn part_of(note: &Dict<'_>) -> Option<Part> {
    match &*note.get::<Name<'_>>("Subtype")? {
        b"Link" => Some(Part::Links),
        b"Widget" => Some(Part::Forms),
        b"FileAttachment" => Some(Part::Attachments),
        // belongs to another; a printer's or a trap net is nothing of the author's
        b"Popup" | b"PrinterMark" | b"TrapNet" => None,
        _ => Some(Part::Comments),
    }
}
