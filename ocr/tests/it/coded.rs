use lopdf::Document as Pdf;
use untxt_ocr::{Making, archive_pdf, searchable_pdf};

use crate::sample::{LETTER_PNG, LETTER_SIZE, assert_is_letter, open, read_all, run_tool};

const JBIG2: &[u8] = include_bytes!("../pages/coded-jbig2.pdf");
const JPX: &[u8] = include_bytes!("../pages/coded-jpx.pdf");

/// Filters of the pictures of a PDF, in the order of their objects.
fn filters(pdf: &[u8]) -> Vec<String> {
    let pdf = Pdf::load_mem(pdf).unwrap();
    let pictures = pdf.objects.values().filter_map(|object| object.as_stream().ok()).filter(|it| it.dict.has(b"Width"));
    pictures.map(|it| String::from_utf8(it.filters().unwrap().concat()).unwrap()).collect()
}

#[test]
fn scans_coded_as_jbig2_are_read() {
    let document = open(JBIG2);
    let reference = open(LETTER_PNG).raster(0).unwrap().pixels;
    // bit by bit, set with letters that stand elsewhere in the file, and as a fax
    for (index, page) in (0..).zip(read_all(&document)) {
        assert_eq!(document.raster(index).unwrap().pixels, reference, "page {index}");
        assert_is_letter(&page.unwrap().text);
    }
    assert_eq!(document.page_count(), 3);
}

#[test]
fn scans_coded_as_jpeg_2000_are_read() {
    let document = open(JPX);
    // grey, in colour and in tiles, and without a file around the code
    for (index, page) in read_all(&document).into_iter().enumerate() {
        let page = page.unwrap();
        assert_eq!((page.width, page.height, page.dpi), (LETTER_SIZE.0, LETTER_SIZE.1, 200), "page {index}");
        assert_is_letter(&page.text);
    }
    assert_eq!(document.page_count(), 3);
}

#[test]
fn they_get_their_text_and_stay_as_they_are_coded() {
    for (file, archived) in [(JBIG2, ["JBIG2Decode"; 3]), (JPX, ["JPXDecode", "JPXDecode", "FlateDecode"])] {
        let document = open(file);
        let pages = read_all(&document);
        let searchable = searchable_pdf(&document, &pages).unwrap();
        assert_eq!(searchable.making, Making::Extended);
        assert!(searchable.bytes.starts_with(file));
        let archive = archive_pdf(&document, &pages).unwrap();
        assert_eq!(filters(&archive.bytes), archived);
        assert_eq!((archive.drawn, archive.dropped), (vec![], vec![]));
        for pdf in [searchable.bytes, archive.bytes] {
            run_tool("qpdf", &["--check", "FILE"], &pdf);
            let text = run_tool("pdftotext", &["FILE", "-"], &pdf);
            text.trim_end_matches('\u{c}').split('\u{c}').for_each(assert_is_letter);
        }
    }
}
