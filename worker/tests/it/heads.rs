//! The backend takes by its head what the reader opens, and nothing else.

use untxt_core::domain::MediaType;
use untxt_ocr::{Document, OpenOptions};

/// A PDF whose header begins at that byte.
fn a_pdf_at(offset: usize) -> Vec<u8> {
    [vec![b'\n'; offset], b"%PDF-1.7\n".to_vec()].concat()
}

fn is_known_to_the_reader(head: &[u8]) -> bool {
    // A head alone is never a whole file, but the reason tells whether its kind was known.
    let error = Document::open(head.to_vec(), &OpenOptions::default()).expect_err("not a whole file");
    !error.to_string().contains("the file is none of")
}

#[test]
fn backend_and_reader_know_the_same_heads() {
    let known = [
        a_pdf_at(0),
        a_pdf_at(1),
        a_pdf_at(1020),
        a_pdf_at(1024),
        b"II*\0\x08\0\0\0".to_vec(),
        b"MM\0*\0\0\0\x08".to_vec(),
        b"II+\0\x08\0\0\0".to_vec(),
        b"MM\0+\0\x08\0\0".to_vec(),
        b"\xff\xd8\xff\xe0".to_vec(),
        b"\x89PNG\r\n\x1a\n".to_vec(),
        b"GIF87a".to_vec(),
        b"GIF89a".to_vec(),
        b"RIFF\0\0\0\0WEBP".to_vec(),
        b"BM\x46\0\0\0\0\0\0\0".to_vec(),
    ];
    for head in &known {
        assert!(MediaType::sniff(head).is_some(), "backend: {}", head.escape_ascii());
        assert!(is_known_to_the_reader(head), "reader: {}", head.escape_ascii());
    }
    let unknown = [
        a_pdf_at(1025),
        b"%PDX-1.7".to_vec(),
        b"MM\0,\0\0\0\x08".to_vec(),
        b"\xff\xd8\xfe".to_vec(),
        b"\x89PNG".to_vec(),
        b"GIF88a".to_vec(),
        b"RIFF\0\0\0\0WAVE".to_vec(),
        b"BMW drivers wanted".to_vec(),
    ];
    for head in &unknown {
        assert!(MediaType::sniff(head).is_none(), "backend: {}", head.escape_ascii());
        assert!(!is_known_to_the_reader(head), "reader: {}", head.escape_ascii());
    }
    // nothing at all has a reason of its own
    assert!(MediaType::sniff(b"").is_none());
    assert_eq!(Document::open(Vec::new(), &OpenOptions::default()).expect_err("empty").code(), "empty_file");
}
