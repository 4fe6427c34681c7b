//! What becomes of the invisible text that an earlier recognition left.

use lopdf::{Document as Pdf, Object, Stream, dictionary};
use untxt_ocr::{Document, OpenOptions, PageKind, TextMode, searchable_pdf};

use crate::sample::{ScanPage, assert_is_letter, open, read_all, run_tool, save, scan_pdf};

/// More than twenty letters, over a good part of the page, so that they count as a layer.
const OLD: &str = "Obsolete words nobody wants to find again";
const OLD_LAYER: &str = "BT 3 Tr /F 22 Tf 10 120 Td (Obsolete words nobody) Tj 0 -60 Td (wants to find again) Tj ET";

fn open_as(pdf: Vec<u8>, text_mode: TextMode) -> Document {
    Document::open(pdf, &OpenOptions { text_mode, ..OpenOptions::default() }).unwrap()
}

fn make(pdf: Vec<u8>, text_mode: TextMode) -> (Vec<u8>, String) {
    let document = open_as(pdf, text_mode);
    let made = searchable_pdf(&document, &read_all(&document)).unwrap().bytes;
    run_tool("qpdf", &["--check", "FILE"], &made);
    let text = run_tool("pdftotext", &["-layout", "FILE", "-"], &made);
    (made, text)
}

/// Puts what the page draws behind its scan into a form of its own, in a form: some programs keep their layer so.
fn in_nested_forms(pdf: &[u8]) -> Vec<u8> {
    let mut pdf = Pdf::load_mem(pdf).unwrap();
    let page = pdf.get_pages()[&1];
    let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
    let form = |resources, content: &str| {
        let form = dictionary! {
            "Type" => "XObject", "Subtype" => "Form", "BBox" => [0, 0, 360, 173].map(Object::from).to_vec(),
            "Resources" => resources,
        };
        Stream::new(form, content.into())
    };
    let layer = pdf.add_object(form(dictionary! { "Font" => dictionary! { "F" => font } }, OLD_LAYER));
    let outer = pdf.add_object(form(dictionary! { "XObject" => dictionary! { "Layer" => layer } }, "q /Layer Do Q"));
    let tree = pdf.catalog().unwrap().get(b"Pages").unwrap().as_reference().unwrap();
    let tree = pdf.get_dictionary_mut(tree).unwrap();
    let objects = tree.get_mut(b"Resources").unwrap().as_dict_mut().unwrap().get_mut(b"XObject").unwrap();
    objects.as_dict_mut().unwrap().set("Outer", outer);
    let content = pdf.add_object(Stream::new(dictionary! {}, b"q 360 0 0 172.8 0 0 cm /Scan0 Do Q /Outer Do".to_vec()));
    pdf.get_dictionary_mut(page).unwrap().set("Contents", content);
    save(pdf)
}

#[test]
fn an_old_layer_is_kept_unless_the_page_is_read_again() {
    let original = scan_pdf(&[ScanPage { after: OLD_LAYER, ..ScanPage::new() }]);
    assert_eq!(open(original.clone()).inspect(0).unwrap().kind, PageKind::ScanWithText);
    let (kept, text) = make(original.clone(), TextMode::Skip);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!((kept, text.as_str()), (original.clone(), OLD));
    for mode in [TextMode::Redo, TextMode::Force] {
        let (made, text) = make(original.clone(), mode);
        assert!(made.starts_with(&original));
        assert!(!text.contains("Obsolete"), "{text}");
        assert_is_letter(&text);
        // what one sees is the same
        let pixels = |pdf: &[u8]| open(pdf).raster(0).unwrap().pixels;
        assert_eq!(pixels(&made), pixels(&original));
        // our own layer is replaced as any other
        let (again, text) = make(made.clone(), mode);
        assert!(again.starts_with(&made));
        assert_eq!(text.matches("harbour").count(), 1, "{text}");
        assert_is_letter(&text);
    }
}

#[test]
fn an_old_layer_is_found_wherever_it_is() {
    let covered = "BT /F 22 Tf 10 120 Td (Obsolete words nobody) Tj 0 -60 Td (wants to find again) Tj ET";
    let covered = ScanPage { before: covered, ..ScanPage::new() };
    let in_front = scan_pdf(&[ScanPage { after: OLD_LAYER, ..ScanPage::new() }]);
    for (case, original) in [("covered", scan_pdf(&[covered])), ("in forms", in_nested_forms(&in_front))] {
        assert!(run_tool("pdftotext", &["FILE", "-"], &original).contains("Obsolete"), "{case}");
        let (made, text) = make(original.clone(), TextMode::Redo);
        assert!(!text.contains("Obsolete"), "{case}: {text}");
        assert_is_letter(&text);
        let shown = |pdf: &[u8]| run_tool("pdftoppm", &["-r", "100", "-gray", "FILE"], pdf);
        assert_eq!(shown(&made), shown(&original), "{case}");
    }
}

#[test]
fn visible_text_and_other_pages_stay_when_a_page_is_read_again() {
    let after = "3 Tr BT /F 9 Tf 10 100 Td (Obsolete words nobody wants to find) Tj ET \
        0 Tr BT /F 18 Tf 20 150 Td (Received in March and filed) Tj ET";
    let page = ScanPage { after, ..ScanPage::new() };
    let other = ScanPage { after: OLD_LAYER, ..ScanPage::new() };
    let original = scan_pdf(&[page, other]);
    let document = open_as(original.clone(), TextMode::Redo);
    let mut pages = read_all(&document);
    pages[1] = None;
    let made = searchable_pdf(&document, &pages).unwrap().bytes;
    run_tool("qpdf", &["--check", "FILE"], &made);
    let text = run_tool("pdftotext", &["FILE", "-"], &made);
    let (first, second) = text.split_once('\u{c}').unwrap();
    assert!(first.contains("Received in March") && !first.contains("Obsolete"), "{first}");
    assert!(second.contains("Obsolete"), "a page that was not read stays as it was");
}

#[test]
fn a_hidden_footer_is_no_reading_of_the_page() {
    let footer = "BT 3 Tr /F 8 Tf 10 6 Td (Scanned by a machine that signs its pages) Tj ET";
    let document = open(scan_pdf(&[ScanPage { after: footer, ..ScanPage::new() }]));
    let inspection = document.inspect(0).unwrap();
    assert_eq!((inspection.kind, inspection.needs_ocr), (PageKind::Scan, true));
    let pages = read_all(&document);
    assert_is_letter(&pages[0].as_ref().unwrap().text);
    let made = searchable_pdf(&document, &pages).unwrap().bytes;
    assert_is_letter(
        &run_tool("pdftotext", &["FILE", "-"], &made).replace("Scanned by a machine that signs its pages", ""),
    );
}
