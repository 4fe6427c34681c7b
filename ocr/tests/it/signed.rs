use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, dictionary};
use untxt_ocr::{Document, Making, OcrError, OpenOptions, searchable_pdf};

use crate::sample::{ScanPage, assert_is_letter, open, read_all, run_tool, save, scan_pdf};

/// A scan, changed.
fn scan(change: impl FnOnce(&mut Pdf)) -> Vec<u8> {
    let mut pdf = Pdf::load_mem(&scan_pdf(&[ScanPage::new()])).unwrap();
    change(&mut pdf);
    save(pdf)
}

fn add_value(pdf: &mut Pdf) -> ObjectId {
    pdf.add_object(dictionary! {
        "Type" => "Sig", "Filter" => "Adobe.PPKLite", "Contents" => Object::string_literal("signature"),
        "ByteRange" => [0, 10, 20, 10].map(Object::from).to_vec(),
    })
}

fn set_fields(pdf: &mut Pdf, fields: Vec<Object>) {
    pdf.catalog_mut().unwrap().set("AcroForm", dictionary! { "Fields" => fields });
}

fn set_notes(pdf: &mut Pdf, notes: Vec<Object>) {
    let page = pdf.page_iter().next().unwrap();
    pdf.get_dictionary_mut(page).unwrap().set("Annots", notes);
}

/// Adds a field whose kid has what the field lacks.
fn add_family(pdf: &mut Pdf, entries: Dictionary, kid_entries: &Dictionary) -> (ObjectId, ObjectId) {
    let parent = pdf.add_object(entries);
    let mut kid = dictionary! { "Subtype" => "Widget", "Parent" => parent };
    kid.extend(kid_entries);
    let kid = pdf.add_object(kid);
    pdf.get_dictionary_mut(parent).unwrap().set("Kids", vec![kid.into()]);
    (parent, kid)
}

#[test]
fn a_signature_is_found_wherever_it_is_kept() {
    type Signing = fn(&mut Pdf);
    let ways: [(&str, Signing); 8] = [
        ("a field", |pdf| {
            let value = add_value(pdf);
            let field = pdf.add_object(dictionary! { "FT" => "Sig", "V" => value });
            set_fields(pdf, vec![field.into()]);
        }),
        ("a kid that inherits its kind", |pdf| {
            let value = add_value(pdf);
            let (parent, _) = add_family(pdf, dictionary! { "FT" => "Sig" }, &dictionary! { "V" => value });
            set_fields(pdf, vec![parent.into()]);
        }),
        ("a kid that inherits its value", |pdf| {
            let value = add_value(pdf);
            let (parent, _) = add_family(pdf, dictionary! { "V" => value }, &dictionary! { "FT" => "Sig" });
            set_fields(pdf, vec![parent.into()]);
        }),
        ("a field that only a page names", |pdf| {
            let value = add_value(pdf);
            let (_, kid) = add_family(pdf, dictionary! { "FT" => "Sig" }, &dictionary! { "V" => value });
            set_notes(pdf, vec![kid.into()]);
        }),
        ("a flag", |pdf| {
            let form = dictionary! { "Fields" => Vec::<Object>::new(), "SigFlags" => 3 };
            pdf.catalog_mut().unwrap().set("AcroForm", form);
        }),
        ("more fields than anybody looks at", |pdf| {
            let value = add_value(pdf);
            let field = pdf.add_object(dictionary! { "FT" => "Tx" });
            let mut fields = vec![field.into(); 100_001];
            fields.insert(0, pdf.add_object(dictionary! { "FT" => "Sig", "V" => value }).into());
            set_fields(pdf, fields);
        }),
        ("a certificate", |pdf| {
            let value = add_value(pdf);
            pdf.catalog_mut().unwrap().set("Perms", dictionary! { "DocMDP" => value });
        }),
        ("rights", |pdf| {
            let value = add_value(pdf);
            pdf.catalog_mut().unwrap().set("Perms", dictionary! { "UR3" => value });
        }),
    ];
    for (way, sign) in ways {
        assert!(open(scan(sign)).is_signed(), "{way}");
    }
}

#[test]
fn what_nobody_signed_is_not_signed() {
    type Form = fn(&mut Pdf);
    let forms: [(&str, Form); 4] = [
        ("no form", |_| ()),
        ("an empty field to sign in", |pdf| {
            let field = pdf.add_object(dictionary! { "FT" => "Sig", "Subtype" => "Widget" });
            set_fields(pdf, vec![field.into()]);
            set_notes(pdf, vec![field.into()]);
        }),
        ("a text", |pdf| {
            let value = Object::string_literal("signature");
            let (parent, kid) = add_family(pdf, dictionary! { "FT" => "Tx" }, &dictionary! { "V" => value });
            set_fields(pdf, vec![parent.into()]);
            set_notes(pdf, vec![kid.into()]);
        }),
        ("fields that hold themselves", |pdf| {
            let (parent, kid) = add_family(pdf, dictionary! { "FT" => "Tx" }, &Dictionary::new());
            pdf.get_dictionary_mut(kid).unwrap().set("Kids", vec![parent.into(), kid.into()]);
            pdf.get_dictionary_mut(parent).unwrap().set("Parent", kid);
            set_fields(pdf, vec![parent.into()]);
            set_notes(pdf, vec![kid.into()]);
        }),
    ];
    for (form, make) in forms {
        assert!(!open(scan(make)).is_signed(), "{form}");
    }
}

#[test]
fn a_signed_pdf_is_changed_only_when_asked() {
    let original = scan(|pdf| {
        let value = add_value(pdf);
        let (parent, kid) = add_family(pdf, dictionary! { "FT" => "Sig" }, &dictionary! { "V" => value });
        set_fields(pdf, vec![parent.into()]);
        set_notes(pdf, vec![kid.into()]);
    });
    let document = open(original.clone());
    let pages = read_all(&document);
    assert_eq!(searchable_pdf(&document, &pages).err(), Some(OcrError::Signed));
    // without words there is nothing to add
    assert!(searchable_pdf(&document, &[None]).unwrap().bytes == original);
    let options = OpenOptions { copies_signed: true, ..OpenOptions::default() };
    let copy = searchable_pdf(&Document::open(original.clone(), &options).unwrap(), &pages).unwrap().bytes;
    assert!(copy.starts_with(&original), "the signed bytes stay as they are");
    assert_is_letter(&run_tool("pdftotext", &["FILE", "-"], &copy));
}

#[test]
fn a_signed_pdf_is_never_made_anew() {
    let whole = scan(|pdf| {
        let value = add_value(pdf);
        pdf.catalog_mut().unwrap().set("Perms", dictionary! { "DocMDP" => value });
    });
    // ends nowhere; its objects have to be searched for
    let end = whole.windows(9).rposition(|window| window == b"startxref").unwrap();
    for original in [whole[..end].to_vec(), [&whole[..end], b"startxref\n7\n%%EOF"].concat()] {
        let document = open(original.clone());
        assert!(document.is_signed());
        let unread = searchable_pdf(&document, &[None]).unwrap();
        assert_eq!((unread.making, unread.bytes == original), (Making::Unchanged, true));
        let pages = read_all(&document);
        assert_eq!(searchable_pdf(&document, &pages), Err(OcrError::Signed));
        let options = OpenOptions { copies_signed: true, ..OpenOptions::default() };
        let copy = searchable_pdf(&Document::open(original.clone(), &options).unwrap(), &pages);
        assert!(copy.is_err() || copy.is_ok_and(|copy| copy.bytes.starts_with(&original)));
    }
}
