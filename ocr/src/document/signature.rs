use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Dict, Name},
};

/// Fields that a form may hold; a tree that goes on has circles.
const MAX_FIELDS: usize = 10_000;

/// Says whether a PDF holds a signature that was made (an empty field to sign in is none): by its form's flags, one
/// of its fields, or a certification of the whole document.
pub(super) fn is_signed(pdf: &Pdf) -> bool {
    let Some(catalog) = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()) else { return false };
    if catalog.get::<Dict<'_>>("Perms").is_some_and(|perms| perms.contains_key("DocMDP")) {
        return true;
    }
    let Some(form) = catalog.get::<Dict<'_>>("AcroForm") else { return false };
    let mut fields: Vec<Dict<'_>> = list(form.get("Fields"));
    let mut place = 0;
    while let Some(field) = fields.get(place).cloned() {
        let is_signature = field.get::<Name<'_>>("FT").is_some_and(|kind| &*kind == b"Sig");
        if is_signature && field.get::<Dict<'_>>("V").is_some_and(|value| value.contains_key("Contents")) {
            return true;
        }
        if fields.len() < MAX_FIELDS {
            fields.extend(list(field.get("Kids")));
        }
        place += 1;
    }
    false
}

fn list<'a>(fields: Option<Array<'a>>) -> Vec<Dict<'a>> {
    fields.iter().flat_map(Array::iter::<Dict<'a>>).collect()
}
