use lopdf::{Document as Pdf, Object, Stream, dictionary, xref::XrefType};
use untxt_ocr::{Document, Making, OcrError, OpenOptions, PageKind, WarningCode, searchable_pdf};

use crate::{
    own_text::page_pdf,
    sample::{LETTER_JPG, ScanPage, assert_is_letter, open, read_all, run_tool, save, scan_pdf},
};

/// Where the coded pixels of a JPEG begin.
fn data_start(jpeg: &[u8]) -> usize {
    let scan = jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    scan + 2 + usize::from(u16::from_be_bytes([jpeg[scan + 2], jpeg[scan + 3]]))
}

/// The letter with a part of its data, in thousandths, and the marker of the end.
fn cut(thousandths: usize) -> Vec<u8> {
    let start = data_start(LETTER_JPG);
    let mut jpeg = LETTER_JPG[..start + (LETTER_JPG.len() - start) * thousandths / 1000].to_vec();
    // no half of a pair
    if jpeg.last() == Some(&0xff) {
        jpeg.pop();
    }
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

/// The letter with rubbish in the middle third.
fn garbled() -> Vec<u8> {
    let mut jpeg = LETTER_JPG.to_vec();
    let (start, third) = (data_start(LETTER_JPG), (LETTER_JPG.len() - data_start(LETTER_JPG)) / 3);
    for (place, byte) in jpeg[start + third..start + 2 * third].iter_mut().enumerate() {
        *byte = u8::try_from((place * 7 + 3) & 0x7f).unwrap();
    }
    jpeg
}

/// Says whether a page tells that it is damaged; none when it can't be read.
pub(crate) fn tells_damage(document: &Document) -> Vec<Option<bool>> {
    let tells = |page: untxt_ocr::PageContent| page.warnings.iter().any(|warning| warning.code == WarningCode::Damaged);
    read_all(document).into_iter().map(|page| page.map(tells)).collect()
}

#[test]
fn a_jpeg_that_ends_early_is_refused_though_it_has_an_end() {
    for jpeg in [cut(500), cut(900), cut(0)] {
        assert!(matches!(open(jpeg.clone()).raster(0), Err(OcrError::Unreadable(_))), "{} bytes", jpeg.len());
        // and so is a scan
        let pdf = open(scan_pdf(&[ScanPage { jpeg, ..ScanPage::new() }, ScanPage::new()]));
        assert!(matches!(pdf.raster(0), Err(OcrError::Unreadable(_))));
        assert!(!pdf.raster(1).unwrap().is_damaged);
    }
}

#[test]
fn a_jpeg_with_something_wrong_is_read_and_says_so() {
    assert_eq!(tells_damage(&open(LETTER_JPG)), [Some(false)]);
    let mut longer = LETTER_JPG[..LETTER_JPG.len() - 2].to_vec();
    longer.extend([0; 2000]);
    longer.extend([0xff, 0xd9]);
    for jpeg in [cut(998), longer] {
        assert_eq!(tells_damage(&open(jpeg.clone())), [Some(true)], "{} bytes", jpeg.len());
        assert_eq!(tells_damage(&open(scan_pdf(&[ScanPage { jpeg, ..ScanPage::new() }]))), [Some(true)]);
    }
    // what rubbish says is no page as it was
    assert_ne!(tells_damage(&open(garbled())), [Some(false)]);
}

#[test]
fn a_page_with_a_cut_picture_says_so() {
    let page = |jpeg| ScanPage { jpeg, matrix: "200 0 0 96 80 40", ..ScanPage::new() };
    let document = open(scan_pdf(&[page(cut(500)), page(LETTER_JPG.to_vec())]));
    assert_eq!(tells_damage(&document), [Some(true), Some(false)]);
}

#[test]
fn pages_that_had_to_be_searched_for_say_so() {
    let original = scan_pdf(&[ScanPage::new()]);
    assert_eq!(tells_damage(&open(original.clone())), [Some(false)]);
    // the table is not where the end says
    let mut moved = original;
    let at = moved.windows(9).rposition(|window| window == b"startxref").unwrap();
    moved.splice(at.., *b"startxref\n7\n%%EOF");
    assert_eq!(tells_damage(&open(moved)), [Some(true)]);
    // no page tree, but something that looks like a page
    let lost = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 9 0 R>>\nendobj\n\
        2 0 obj\n<</Type/Page/MediaBox[0 0 200 200]/Resources<<>>/Contents 3 0 R>>\nendobj\n\
        3 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 4>>\n%%EOF\n";
    assert_eq!(tells_damage(&open(lost)), [Some(true)]);
}

/// Where the letter's TIFF says where the directory behind each one is, and where that one is.
fn links(tiff: &[u8]) -> Vec<(usize, usize)> {
    assert!(tiff.starts_with(b"II*\0"));
    let number =
        |at: usize, size: usize| tiff[at..at + size].iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    let mut links = vec![(4, number(4, 4))];
    while let Some(&(_, directory)) = links.last().filter(|(_, directory)| *directory != 0) {
        let link = directory + 2 + 12 * number(directory, 2);
        links.push((link, number(link, 4)));
    }
    links
}

#[test]
fn a_tiff_whose_pages_run_in_a_circle_is_read_and_says_so() {
    let whole = include_bytes!("../pages/letter.tif");
    assert!(!open(whole).runs_in_circle());
    let links = links(whole);
    let first = u32::try_from(links[0].1).unwrap().to_le_bytes();
    // the third page leads back to the first, and the last one too, where others say that there is no more
    for (pages, (link, _)) in [(3, links[3]), (7, links[7])] {
        let mut circle = whole.to_vec();
        circle[link..link + 4].copy_from_slice(&first);
        let document = open(circle);
        assert!(document.runs_in_circle());
        let damage: Vec<bool> = (0..pages).map(|index| document.inspect(index).unwrap().is_damaged).collect();
        assert_eq!(document.page_count(), pages);
        assert_eq!(damage.iter().position(|&is_damaged| is_damaged), Some(damage.len() - 1), "the last says so");
        assert_eq!(tells_damage(&document).last(), Some(&Some(true)));
    }
}

#[test]
fn junk_before_the_header_stays_and_moves_nothing() {
    let original = [&[b'x'; 500][..], b"\n", &scan_pdf(&[ScanPage::new()])].concat();
    let document = open(original.clone());
    let pages = read_all(&document);
    let pdf = searchable_pdf(&document, &pages).unwrap().bytes;
    assert!(pdf.starts_with(&original));
    run_tool("qpdf", &["--check", "FILE"], &pdf);
    assert_is_letter(&run_tool("pdftotext", &["FILE", "-"], &pdf));
    assert_eq!(tells_damage(&document), [Some(false)]);
}

#[test]
fn object_numbers_without_room_above_are_no_harm() {
    let mut pdf = Pdf::load_mem(&scan_pdf(&[ScanPage::new()])).unwrap();
    pdf.reference_table.cross_reference_type = XrefType::CrossReferenceTable;
    let mut pdf = save(pdf);
    let at = pdf.windows(7).rposition(|window| window == b"trailer").unwrap();
    pdf.splice(at..at, *b"4294967295 1\n0000000015 00000 n \n");
    let document = Document::open(pdf, &OpenOptions::default()).unwrap();
    let pages = read_all(&document);
    let copy = searchable_pdf(&document, &pages).unwrap().bytes;
    assert_is_letter(&run_tool("pdftotext", &["FILE", "-"], &copy));
}

#[test]
fn a_pdf_that_ends_in_the_middle_of_an_empty_page_is_made_new() {
    const CUT: &[u8] = b"%PDF-1.7
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Count 1 /Kids [3 0 R] >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R >>
endobj
4 0 obj
<< /Length 99 >>
stream
BT /F 16 T";
    let document = open(CUT.to_vec());
    let searchable = searchable_pdf(&document, &[None]).expect("a PDF").bytes;
    assert!(searchable.trim_ascii_end().ends_with(b"%%EOF"), "not the same bytes, which end nowhere");
    assert_eq!(open(searchable).page_count(), 1);
}

#[test]
fn a_page_tree_that_counts_wrongly_is_set_right() {
    let entries = dictionary! { "MediaBox" => [0, 0, 300, 200].map(Object::from).to_vec() };
    for content in ["BT /F 14 Tf 30 120 Td (Words that are there) Tj ET", ""] {
        let mut pdf = Pdf::load_mem(&page_pdf(content, entries.clone())).unwrap();
        let tree = pdf.catalog().unwrap().get(b"Pages").and_then(Object::as_reference).unwrap();
        pdf.get_dictionary_mut(tree).unwrap().set("Count", 9_999_999_999_i64);
        let original = save(pdf);
        let made = searchable_pdf(&open(original.clone()), &[None]).unwrap();
        assert_eq!(made.making, Making::Extended);
        assert!(made.bytes.starts_with(&original));
        // poppler believes the count
        let about = run_tool("pdfinfo", &["FILE"], &made.bytes);
        assert!(about.lines().any(|line| line.split_whitespace().eq(["Pages:", "1"])), "{about}");
    }
}

/// A page whose content is coded as `filters` say.
fn coded_page(filters: &[&str], content: Vec<u8>) -> Document {
    let mut pdf = Pdf::load_mem(&page_pdf("", dictionary! {})).unwrap();
    let page = pdf.page_iter().next().unwrap();
    let filters: Vec<Object> = filters.iter().map(|&name| name.into()).collect();
    let content = pdf.add_object(Stream::new(dictionary! { "Filter" => filters }, content).with_compression(false));
    pdf.get_dictionary_mut(page).unwrap().set("Contents", content);
    open(save(pdf))
}

/// Many lines, packed.
pub(crate) fn packed_text() -> Vec<u8> {
    let line =
        |row: u32| format!("BT /F 9 Tf 20 {} Td (Line {row} says {} more) Tj ET\n", 390 - 9 * row, row * row * 7919);
    let mut stream = Stream::new(dictionary! {}, (0..40).map(line).collect::<String>().into_bytes());
    stream.compress().unwrap();
    stream.content
}

fn as_hex(bytes: &[u8]) -> Vec<u8> {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}>").into_bytes()
}

#[test]
fn a_page_whose_text_breaks_off_says_so() {
    let whole = packed_text();
    let half = &whole[..whole.len() / 2];
    for (filters, content, damage) in [
        (&["FlateDecode"][..], whole.clone(), false),
        // without the checksum, which nobody misses
        (&["FlateDecode"], whole[..whole.len() - 4].to_vec(), false),
        (&["ASCIIHexDecode", "FlateDecode"], as_hex(&whole), false),
        (&["FlateDecode"], half.to_vec(), true),
        (&["ASCIIHexDecode", "FlateDecode"], as_hex(half), true),
    ] {
        let document = coded_page(filters, content);
        assert_eq!(document.inspect(0).unwrap().kind, PageKind::BornDigital, "{filters:?}");
        assert_eq!(tells_damage(&document), [Some(damage)], "{filters:?}");
    }
}

#[test]
fn a_page_whose_content_cannot_be_unpacked_is_no_empty_page() {
    let whole = packed_text();
    let garbled: Vec<u8> = whole.iter().map(|byte| byte ^ 0x5a).collect();
    for (filters, content) in [
        (&["FlateDecode"][..], garbled.clone()),
        (&["ASCIIHexDecode", "FlateDecode"], as_hex(&garbled)),
        (&["ASCII85Decode", "FlateDecode"], whole.clone()),
        (&["NoSuchDecode"], whole.clone()),
    ] {
        assert_eq!(tells_damage(&coded_page(filters, content)), [None], "{filters:?}");
    }
}

#[test]
fn a_page_without_any_content_is_empty_and_whole() {
    // qpdf writes an empty page so
    for content in [&b""[..], b"\n"] {
        let document = coded_page(&["FlateDecode"], content.to_vec());
        assert_eq!(document.inspect(0).unwrap().kind, PageKind::Blank);
        assert_eq!(tells_damage(&document), [Some(false)]);
    }
}
