//! A made-up text layer and PDF/A of any PDF.
#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::{WildWord, options, page};
use untxt_ocr::{Document, archive_pdf};

fuzz_target!(|data: (Vec<WildWord>, u16, u16, &[u8])| {
    let (words, width, height, pdf) = data;
    let Ok(document) = Document::open([b"%PDF-1.7\n".as_slice(), pdf].concat(), &options()) else { return };
    if let Ok(archive) = archive_pdf(&document, &[Some(page(words, width, height))]) {
        let written = Document::open(archive.bytes, &options()).expect("what we write can be read");
        assert_eq!(written.page_count(), document.page_count());
    }
});
