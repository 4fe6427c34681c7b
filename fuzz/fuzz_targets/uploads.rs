//! What strangers upload: what its file is taken for and may be called, and what the reader then makes of it.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use untxt_backend::{Heard, hear_upload};
use untxt_core::domain::MediaType;
use untxt_fuzz::options;
use untxt_ocr::{Document, OcrError};

const BOUNDARY: &str = "0123456789abcdef";
const LONGEST_NAME: usize = 255;

fuzz_target!(|data: (u8, u8, &[u8])| {
    let (name, rest) = split_text(data.2, data.0);
    let (declared, content) = split_text(rest, data.1);
    if let Some(heard) = hear_upload(BOUNDARY, content.to_vec()) {
        check_name(&heard);
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {declared}\r\n\r\n"
    );
    let body = [head.as_bytes(), content, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    if let Some(heard) = hear_upload(BOUNDARY, body) {
        check_name(&heard);
        // a name or a type with line breaks in it ends the head early
        if heard.size_bytes == content.len() as u64 {
            assert_eq!(MediaType::sniff(content), Some(heard.media_type), "what it is said to be plays no part");
        }
    }
    check_kind(content);
});

fn split_text(bytes: &[u8], length: u8) -> (Cow<'_, str>, &[u8]) {
    let (text, rest) = bytes.split_at(bytes.len().min(length.into()));
    (String::from_utf8_lossy(text), rest)
}

/// A name goes into lists, headers and archives.
fn check_name(heard: &Heard) {
    let name = &heard.name;
    assert!(!name.is_empty() && name.chars().count() <= LONGEST_NAME && !matches!(name.as_str(), "." | ".."));
    assert!(!name.contains(['/', '\\', '\u{202e}', '\u{2066}']) && !name.chars().any(char::is_control));
    let plain = heard.disposition.strip_prefix("attachment; filename=\"").expect("a header with a name");
    let (plain, encoded) = plain.split_once("\"; filename*=UTF-8''").expect("both names");
    assert!(!plain.contains(['"', '\\', ';', '%']) && !encoded.contains(['"', ' ', ';']));
}

/// What the backend takes for a document by its first bytes the reader must know too, and nothing else.
fn check_kind(content: &[u8]) {
    let is_refused = MediaType::sniff(content).is_none();
    match Document::open(content.to_vec(), &options()) {
        Ok(_) => assert!(!is_refused, "the reader opens what no upload may be"),
        Err(OcrError::Unreadable(why)) => {
            assert!(is_refused || !why.contains("none of"), "an upload of a kind that the reader doesn't know");
        }
        Err(_) => {}
    }
}
