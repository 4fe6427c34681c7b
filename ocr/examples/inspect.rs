//! Says what every page of a document is without drawing it: `inspect [--words] FILE`.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use untxt_ocr::{Document, OcrError, OpenOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let shows_words = args.first().is_some_and(|arg| arg == "--words");
    let path = args.pop().ok_or("usage: inspect [--words] FILE")?;
    match print_pages(std::fs::read(path)?, shows_words) {
        Ok(()) => Ok(()),
        Err(error) => {
            println!("{}: {error}", error.code());
            Err("the document can't be read".into())
        }
    }
}

fn print_pages(bytes: Vec<u8>, shows_words: bool) -> Result<(), OcrError> {
    let document = Document::open(bytes, &OpenOptions::default())?;
    let mut inspector = document.inspector();
    for index in 0..document.page_count() {
        let page = match inspector.inspect(index) {
            Ok(page) => page,
            Err(error) => {
                println!("page {index}: {}: {error}", error.code());
                continue;
            }
        };
        let (width, height) = page.size;
        let (words, unread) = (page.own_words(width, height), page.unread_areas(width, height));
        let (kind, dpi) = (page.kind, page.dpi);
        println!("page {index}: {kind:?} {width}x{height} {dpi} dpi, {} words, to read {unread:?}", words.len());
        for word in words.iter().filter(|_| shows_words) {
            let points = word.bounds.map(|side| f64::from(side) * 72.0 / f64::from(dpi));
            println!("{index}\t{points:?}\t{}\t{}\t{}", word.line, word.block, word.text);
        }
    }
    Ok(())
}
