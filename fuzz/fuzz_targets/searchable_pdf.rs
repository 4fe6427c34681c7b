//! A made-up text layer over any PDF, and over the golden page.
#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::{WildWord, options, page};
use untxt_ocr::{Document, searchable_pdf};

const LETTER: &[u8] = include_bytes!("../../ocr/tests/pages/letter.png");

fuzz_target!(|data: (Vec<WildWord>, u16, u16, &[u8])| {
    let (words, width, height, pdf) = data;
    let pages = [Some(page(words, width, height))];
    let pdf = [b"%PDF-1.7\n".as_slice(), pdf].concat();
    for bytes in [pdf, LETTER.to_vec()] {
        let Ok(document) = Document::open(bytes, &options()) else { continue };
        if let Ok(file) = searchable_pdf(&document, &pages) {
            Document::open(file.bytes, &options()).expect("what we write can be read");
        }
    }
});
