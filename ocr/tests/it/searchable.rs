use lopdf::{Document as Pdf, Object, ObjectId};
use untxt_ocr::{Document, PageContent, searchable_pdf};

use crate::{
    pdf_pages::encrypt,
    sample::{
        LETTER_JPG, LETTER_PNG, LETTER_SIZE, ScanPage, assert_is_letter, open, read_all, run_tool, save, scan_pdf,
        word_error_rate,
    },
};

/// Reads a document and makes it searchable; the result is sound and opens again.
#[track_caller]
fn make_searchable(document: &Document) -> (Vec<u8>, Vec<Option<PageContent>>) {
    let pages = read_all(document);
    let pdf = searchable_pdf(document, &pages).unwrap().bytes;
    run_tool("qpdf", &["--check", "FILE"], &pdf);
    assert_eq!(open(pdf.clone()).page_count(), document.page_count());
    (pdf, pages)
}

pub(crate) fn text_of(pdf: &[u8]) -> String {
    run_tool("pdftotext", &["FILE", "-"], pdf)
}

pub(crate) fn streams(pdf: &[u8]) -> Vec<(ObjectId, Vec<u8>)> {
    let pdf = Pdf::load_mem(pdf).unwrap();
    let picture = |(id, object): (&ObjectId, &Object)| {
        let stream = object.as_stream().ok().filter(|stream| stream.dict.has_type(b"XObject"))?;
        Some((*id, stream.content.clone()))
    };
    pdf.objects.iter().filter_map(picture).collect()
}

#[test]
fn a_pdf_keeps_every_byte_and_gains_its_words() {
    let original = scan_pdf(&vec![ScanPage::new(); 2]);
    let (pdf, _) = make_searchable(&open(original.clone()));
    assert!(pdf.starts_with(&original));
    assert_eq!(streams(&pdf), streams(&original));
    let text = text_of(&pdf);
    let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
    assert_eq!(pages.len(), 2);
    pages.iter().for_each(|page| assert_is_letter(page));
    // what one sees is the same
    assert_eq!(open(pdf).raster(1).unwrap().pixels, open(original).raster(1).unwrap().pixels);
}

/// Finds where `pdftotext` sees a word: left, top, right, bottom in points of the upright page.
fn boxes_of(pdf: &[u8], word: &str) -> Vec<[f64; 4]> {
    let html = run_tool("pdftotext", &["-bbox", "FILE", "-"], pdf);
    let lines = html.lines().filter(|line| line.contains(&format!(">{word}<")));
    let number = |line: &str, name: &str| -> f64 {
        let start = line.find(name).unwrap() + name.len() + 2;
        line[start..].split('"').next().unwrap().parse().unwrap()
    };
    lines.map(|line| ["xMin", "yMin", "xMax", "yMax"].map(|name| number(line, name))).collect()
}

#[test]
fn words_lie_on_the_scan_however_the_page_is_turned_and_cropped() {
    let upright = ScanPage::new();
    // the page's coordinates start elsewhere, its crop box is the scan
    let mut moved = ScanPage { matrix: "360 0 0 172.8 100 50", ..ScanPage::new() };
    moved.entries.set("MediaBox", [0, 0, 600, 400].map(Object::from).to_vec());
    moved.entries.set("CropBox", [100, 50, 460, 223].map(Object::from).to_vec());
    // the scan leaves a small margin
    let mut inset = ScanPage { matrix: "360 0 0 172.8 10 5", ..ScanPage::new() };
    inset.entries.set("MediaBox", [0, 0, 380, 183].map(Object::from).to_vec());
    // what the page draws moves its coordinates and does not restore them
    let unrestored = ScanPage { after: "5 0 0 5 7 9 cm", ..ScanPage::new() };
    let on_its_side = |matrix, turn: i64| {
        let mut page = ScanPage { matrix, ..ScanPage::new() };
        page.entries.set("MediaBox", [0, 0, 173, 360].map(Object::from).to_vec());
        page.entries.set("Rotate", turn);
        page
    };
    let mut upside_down = ScanPage { matrix: "-360 0 0 -172.8 360 172.8", ..ScanPage::new() };
    upside_down.entries.set("Rotate", 180);
    let cases = [
        ("upright", upright, (0.0, 0.2)),
        // the tool measures from the corner of the media box
        ("moved", moved, (100.0, 177.2)),
        ("inset", inset, (10.0, 5.2)),
        ("unrestored", unrestored, (0.0, 0.2)),
        ("turned by 90", on_its_side("0 360 -172.8 0 172.8 0", 90), (0.0, 0.0)),
        ("turned by 270", on_its_side("0 -360 172.8 0 0 360", 270), (0.0, 0.2)),
        ("turned by 180", upside_down, (0.0, 0.0)),
    ];
    for (case, page, (left, top)) in cases {
        let (pdf, pages) = make_searchable(&open(scan_pdf(&[page])));
        assert_is_letter(&text_of(&pdf));
        let read = &pages[0].as_ref().unwrap().words;
        for text in ["harbour", "barometer"] {
            let word = read.iter().find(|word| word.text == text).unwrap();
            let points = word.bounds.map(|pixels| f64::from(pixels) * 72.0 / 200.0);
            let [found] = boxes_of(&pdf, text)[..] else { panic!("{case}: {text}") };
            // a turned page is shown in its own coordinates by some versions of the tool: compare the middle
            let middle = |b: [f64; 4]| ((b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0);
            let (x, y) = middle(found);
            let (want_x, want_y) = (middle(points).0 + left, middle(points).1 + top);
            assert!(
                (x - want_x).abs() < 2.0 && (y - want_y).abs() < 4.0,
                "{case}: {text} at {x} {y}, not {want_x} {want_y}"
            );
        }
    }
}

#[test]
fn the_coded_pixels_of_a_jpeg_go_in_byte_by_byte() {
    // from the first table on; before it stands what the camera wrote
    let coded = |jpeg: &[u8]| jpeg[jpeg.windows(2).position(|pair| pair == [0xff, 0xdb]).unwrap()..].to_vec();
    for jpeg in [LETTER_JPG, include_bytes!("../pages/letter-turned.jpg")] {
        let (pdf, _) = make_searchable(&open(jpeg));
        let [(_, inside)] = &streams(&pdf)[..] else { panic!("one picture") };
        assert!(coded(inside) == coded(jpeg));
        assert_is_letter(&text_of(&pdf));
        // and lies upright, at its size on paper
        let raster = open(pdf).raster(0).unwrap();
        assert_eq!((raster.width, raster.height, raster.dpi), (1000, 480, 200));
    }
}

#[test]
fn pictures_keep_their_pixels() {
    for picture in [LETTER_PNG, include_bytes!("../pages/letter.webp"), include_bytes!("../pages/letter.gif")] {
        let document = open(picture);
        let (pdf, _) = make_searchable(&document);
        assert_is_letter(&text_of(&pdf));
        assert_eq!(open(pdf).raster(0).unwrap().pixels, document.raster(0).unwrap().pixels);
    }
}

#[test]
fn every_page_of_a_tiff_becomes_a_page() {
    let document = open(include_bytes!("../pages/letter.tif"));
    let (pdf, _) = make_searchable(&document);
    for page in text_of(&pdf).trim_end_matches('\u{c}').split('\u{c}') {
        assert_is_letter(page);
    }
    for index in 0..document.page_count() {
        let before = document.raster(index).unwrap();
        let after = open(pdf.clone()).raster(index).unwrap();
        assert_eq!((after.pixels, after.dpi), (before.pixels, 200), "page {index}");
    }
}

#[test]
fn pictures_take_no_more_room_than_in_their_file() {
    let streams_of = |file: &[u8]| streams(&make_searchable(&open(file)).0);
    // black and white, grey and few colours without loss; a JPEG in strips
    let tiff = streams_of(include_bytes!("../pages/letter.tif"));
    let (jpegs, others): (Vec<_>, Vec<_>) = tiff.iter().partition(|(_, content)| content.starts_with(&[0xff, 0xd8]));
    assert!(others.iter().all(|(_, content)| content.len() < 25_000));
    // 20 strips of 116,239 bytes, each with its own head
    assert!(matches!(jpegs[..], [(_, joined)] if joined.len() < 116_239), "the strips are joined");
    assert_eq!(streams_of(&tiff_of(LETTER_JPG))[0].1, LETTER_JPG);
    // what is inside a PNG too, when no fax code is smaller
    let mut png = Vec::new();
    let gray = image::load_from_memory(include_bytes!("../pages/letter.webp")).unwrap().to_luma8();
    gray.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let content = streams_of(&png).remove(0).1;
    assert!(content.len() < png.len() && content.len() + 200 > png.len(), "{} of {}", content.len(), png.len());
    let [palette, interlaced, alpha]: [&[u8]; 3] = [
        include_bytes!("../pages/rare-palette.png"),
        include_bytes!("../pages/rare-interlaced.png"),
        include_bytes!("../pages/rare-alpha.png"),
    ];
    for file in [&png, palette, interlaced, alpha] {
        let document = open(file);
        let (pdf, _) = make_searchable(&document);
        assert_eq!(open(pdf).raster(0).unwrap().pixels, document.raster(0).unwrap().pixels);
    }
}

/// Makes a TIFF whose only strip is a JPEG in colour.
fn tiff_of(jpeg: &[u8]) -> Vec<u8> {
    let [width, height, length] = [LETTER_SIZE.0, LETTER_SIZE.1, u32::try_from(jpeg.len()).unwrap()];
    let dpi_at = 8 + 2 + 11 * 12 + 4;
    let tags: [(u16, u16, u32, u32); 11] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (259, 3, 1, 7),
        (262, 3, 1, 6),
        (273, 4, 1, dpi_at + 8),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, length),
        (282, 5, 1, dpi_at),
        (283, 5, 1, dpi_at),
        (296, 3, 1, 2),
    ];
    let mut tiff = b"II*\0\x08\0\0\0\x0b\0".to_vec();
    for (tag, kind, count, value) in tags {
        tiff.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        tiff.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    tiff.extend([0_u32, 200, 1].map(u32::to_le_bytes).concat());
    [&tiff[..], jpeg].concat()
}

#[test]
fn the_text_takes_little_room() {
    // fifty words, their fonts, and what every PDF needs
    for file in [LETTER_JPG, LETTER_PNG] {
        let (pdf, _) = make_searchable(&open(file));
        let picture = streams(&pdf)[0].1.len();
        assert!(pdf.len() < picture + 2400, "{} bytes over {picture}", pdf.len() - picture);
    }
}

#[test]
fn a_failed_page_stays_without_text() {
    let original = scan_pdf(&vec![ScanPage::new(); 3]);
    let document = open(original);
    let mut pages = read_all(&document);
    pages[1] = None;
    let pdf = searchable_pdf(&document, &pages).unwrap().bytes;
    run_tool("qpdf", &["--check", "FILE"], &pdf);
    let text = text_of(&pdf);
    let rates: Vec<bool> = text.split('\u{c}').take(3).map(|page| word_error_rate(page) < 0.05).collect();
    assert_eq!(rates, [true, false, true]);
    assert_eq!(open(pdf).page_count(), 3);
}

#[test]
fn a_page_with_its_own_text_is_not_doubled() {
    let page =
        ScanPage { after: "BT /F 18 Tf 30 20 Td (Born digital) Tj ET", matrix: "1 0 0 1 5 5", ..ScanPage::new() };
    let (pdf, _) = make_searchable(&open(scan_pdf(&[page])));
    assert_eq!(text_of(&pdf).matches("Born").count(), 1);
}

#[test]
fn an_encrypted_pdf_without_password_becomes_searchable() {
    let (pdf, _) = make_searchable(&open(encrypt(&scan_pdf(&[ScanPage::new()]), "")));
    assert_is_letter(&text_of(&pdf));
}

#[test]
fn a_pdf_that_had_to_be_repaired_becomes_searchable() {
    let original = scan_pdf(&[ScanPage::new()]);
    let mut damaged = original.clone();
    let at = damaged.windows(9).rposition(|window| window == b"startxref").unwrap();
    damaged.truncate(at);
    let document = open(damaged);
    let (pdf, _) = make_searchable(&document);
    assert_is_letter(&text_of(&pdf));
    assert_eq!(streams(&pdf)[0].1, LETTER_JPG);
}

#[test]
fn every_script_can_be_copied() {
    let document = open(LETTER_PNG);
    let mut pages = read_all(&document);
    let page = pages[0].as_mut().unwrap();
    page.words.truncate(3);
    for (word, text) in page.words.iter_mut().zip(["Größe", "Ελλάδα", "Москва"]) {
        word.text = text.into();
    }
    let pdf = searchable_pdf(&document, &pages).unwrap().bytes;
    assert_eq!(text_of(&pdf).split_whitespace().collect::<Vec<_>>(), ["Größe", "Ελλάδα", "Москва"]);
}

#[test]
fn object_streams_are_no_obstacle() {
    let pdf = Pdf::load_mem(&scan_pdf(&[ScanPage::new()])).unwrap();
    let mut modern = Vec::new();
    let mut pdf_to_save = pdf;
    pdf_to_save.save_modern(&mut modern).unwrap();
    let (searchable, _) = make_searchable(&open(modern.clone()));
    assert!(searchable.starts_with(&modern));
    assert_is_letter(&text_of(&searchable));
    let _ = save(pdf_to_save);
}

#[test]
fn every_word_is_marked_where_it_stands() {
    let document = open(LETTER_PNG);
    let (pdf, pages) = make_searchable(&document);
    let words = &pages[0].as_ref().unwrap().words;
    let mut count = 0;
    for word in words.iter().filter(|word| words.iter().filter(|other| other.text == word.text).count() == 1) {
        let points = word.bounds.map(|pixels| f64::from(pixels) * 72.0 / 200.0);
        let [found] = boxes_of(&pdf, &word.text)[..] else { continue };
        let far = points.iter().zip(found).map(|(want, got)| (want - got).abs()).fold(0.0, f64::max);
        assert!(far <= 2.0, "{} is at {found:?}, not {points:?}", word.text);
        count += 1;
    }
    assert!(count >= 30, "{count} words were compared");
}

#[test]
fn what_is_read_from_right_to_left_comes_out_as_it_is_read() {
    let document = open(LETTER_PNG);
    let mut pages = read_all(&document);
    let page = pages[0].as_mut().unwrap();
    page.words.truncate(4);
    let mut places: Vec<_> = page.words.iter().map(|word| word.bounds).collect();
    places.reverse();
    for ((word, text), bounds) in page.words.iter_mut().zip(["שלום", "עולם", "مرحبا", "العالم"]).zip(places)
    {
        (word.text, word.bounds, word.line) = (text.into(), bounds, 0);
    }
    let text = text_of(&searchable_pdf(&document, &pages).unwrap().bytes);
    // the tool marks the direction
    let is_mark = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    let text: String = text.chars().filter(|c| !is_mark(*c)).collect();
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["שלום", "עולם", "مرحبا", "العالم"]);
}

/// The letter as a scanner gives it whose feeder took the sheet the wrong way.
fn turned_letter(degrees: u32) -> Vec<u8> {
    let letter = image::load_from_memory(LETTER_PNG).unwrap();
    let turned = match degrees {
        90 => letter.rotate90(),
        180 => letter.rotate180(),
        _ => letter.rotate270(),
    };
    let mut png = Vec::new();
    turned.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    png
}

#[test]
fn a_scan_that_was_turned_is_read_upright_and_searched_where_it_is_seen() {
    let upright = boxes_of(&make_searchable(&open(LETTER_PNG)).0, "harbour")[0];
    let [width, height] = [LETTER_SIZE.0, LETTER_SIZE.1].map(|side| f64::from(side) * 72.0 / 200.0);
    for degrees in [90, 180, 270] {
        let document = open(turned_letter(degrees));
        let (pdf, pages) = make_searchable(&document);
        let page = pages[0].as_ref().unwrap();
        assert_eq!(page.rotation_applied, (360 - degrees) % 360);
        assert_eq!((page.width, page.height), LETTER_SIZE);
        assert_is_letter(&page.text);
        let found = boxes_of(&pdf, "harbour")[0];
        let [left, top, right, bottom] = upright;
        let expected = match degrees {
            90 => [height - bottom, left, height - top, right],
            180 => [width - right, height - bottom, width - left, height - top],
            _ => [top, width - right, bottom, width - left],
        };
        // the turned picture doesn't say its resolution
        let points = f64::from(page.dpi) / 200.0;
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found * points - expected).abs() < 3.0, "{degrees}: {found:?} {expected:?}");
        }
    }
}
