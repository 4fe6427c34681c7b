//! What a camera or an editor wrote into a picture reaches nobody who looks at a page or takes a result with them.

use untxt_ocr::{archive_pdf, searchable_pdf};

use crate::sample::{LETTER_JPG, LETTER_PNG, ScanPage, assert_is_letter, open, pipeline, read_all, scan_pdf};

const CANARY: &[u8] = b"GPS 52.52 N 13.40 E";

fn tells(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY)
}

fn segment(marker: u8, name: &[u8]) -> Vec<u8> {
    let length = u16::try_from(2 + name.len() + CANARY.len()).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), name, CANARY].concat()
}

/// The letter with EXIF, XMP, IPTC and a comment, and a film behind it.
fn photographed() -> Vec<u8> {
    let segments = [
        segment(0xe1, b"Exif\0\0"),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
        segment(0xed, b"Photoshop 3.0\0"),
        segment(0xfe, b""),
    ];
    [&LETTER_JPG[..2], &segments.concat(), &LETTER_JPG[2..], CANARY].concat()
}

/// The letter as PNG with a text chunk behind its header.
fn annotated() -> Vec<u8> {
    let chunk = [b"tEXt".as_slice(), b"Comment\0", CANARY].concat();
    let checksum = chunk.iter().fold(!0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    });
    let length = u32::try_from(chunk.len() - 4).unwrap().to_be_bytes();
    // signature and header
    let (head, rest) = LETTER_PNG.split_at(33);
    [head, &length, &chunk, &(!checksum).to_be_bytes(), rest].concat()
}

#[test]
fn nothing_of_it_is_in_page_images_and_results() {
    let scan = ScanPage { jpeg: photographed(), ..ScanPage::new() };
    for (name, bytes) in [("jpeg", photographed()), ("png", annotated()), ("pdf", scan_pdf(&[scan]))] {
        assert!(tells(&bytes), "{name}");
        let document = open(bytes);
        let reading = pipeline().read_page(&document, 0).unwrap();
        assert_is_letter(&reading.page.text);
        assert!(!tells(&reading.image.bytes), "the page image of the {name}");
        let pages = read_all(&document);
        assert!(!tells(&archive_pdf(&document, &pages).unwrap().bytes), "the PDF/A of the {name}");
        // The searchable copy of a PDF is that PDF and more, byte by byte.
        let searchable = searchable_pdf(&document, &pages).unwrap().bytes;
        assert_eq!(tells(&searchable), name == "pdf", "the searchable copy of the {name}");
    }
}
