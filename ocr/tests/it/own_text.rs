use std::{collections::HashMap, fmt::Write};

use lopdf::{Dictionary, Document as Pdf, Object, Stream, dictionary};
use untxt_ocr::{Document, OpenOptions, PageInspection, PageKind, TextMode, Warning, WarningCode, Word};

use crate::sample::{LETTER, ScanPage, open, pipeline, run_tool, save, scan_pdf};

/// Makes a PDF of one page of 400 x 400 points that draws `content` with Helvetica (`/F`) and an unnamed font (`/N`).
pub(crate) fn page_pdf(content: &str, page_entries: Dictionary) -> Vec<u8> {
    let mut pdf = Pdf::with_version("1.7");
    let tree = pdf.new_object_id();
    let helvetica = dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    };
    let unnamed = dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => dictionary! { "Differences" => (0..256).flat_map(|code| {
            [Object::from(code), Object::Name(format!("g{code}").into_bytes())]
        }).collect::<Vec<_>>() },
    };
    let resources = dictionary! { "Font" => dictionary! { "F" => helvetica, "N" => unnamed } };
    let content = pdf.add_object(Stream::new(Dictionary::new(), content.as_bytes().to_vec()));
    let mut page = dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources,
        "MediaBox" => [0, 0, 400, 400].map(Object::from).to_vec(),
    };
    page.extend(&page_entries);
    let page = pdf.add_object(page);
    pdf.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 });
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    save(pdf)
}

fn inspect(pdf: &[u8]) -> PageInspection {
    open(pdf).inspect(0).unwrap()
}

/// Inspects a page that draws `content`; gives it with its words.
fn inspect_page(content: &str) -> (PageInspection, Vec<Word>) {
    let page = inspect(&page_pdf(content, Dictionary::new()));
    let words = page.own_words(page.size.0, page.size.1);
    (page, words)
}

fn text(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Writes lines of ten points from the top, at `left` points.
fn column(lines: &[&str], left: i32, top: i32) -> String {
    let mut content = String::new();
    for (row, line) in (0..).zip(lines) {
        let _ = writeln!(content, "BT /F 10 Tf {left} {} Td ({line}) Tj ET", top - 12 * row);
    }
    content
}

const LEFT: [&str; 4] = [
    "The left column begins here and",
    "goes on for a few lines, as long",
    "as it takes to be told from a row",
    "of short pieces of text.",
];
const RIGHT: [&str; 4] = [
    "The right column is read after the",
    "left one, all of it, however the",
    "letters of both were drawn, and",
    "its last line ends the page.",
];

#[test]
fn words_have_the_boxes_that_poppler_finds() {
    let lines: Vec<&str> = LETTER.lines().filter(|line| !line.is_empty()).collect();
    let crop = [20, 100, 390, 380];
    let pages = [
        (page_pdf(&column(&lines, 30, 350), Dictionary::new()), 0.0),
        (page_pdf(&column(&lines, 30, 350), dictionary! { "Rotate" => 90 }), 0.0),
        // the tool measures from the corner of the media box
        (page_pdf(&column(&lines, 30, 350), dictionary! { "CropBox" => crop.map(Object::from).to_vec() }), 20.0),
    ];
    for (pdf, cropped) in pages {
        let page = inspect(&pdf);
        assert_eq!((page.kind, page.needs_ocr, page.dpi), (PageKind::BornDigital, false, 300));
        let words = page.own_words(page.size.0, page.size.1);
        let mut found: HashMap<&str, Vec<[f64; 4]>> = HashMap::new();
        for word in &words {
            found.entry(&word.text).or_default().push(word.bounds.map(|side| cropped + f64::from(side) * 72.0 / 300.0));
        }
        let html = run_tool("pdftotext", &["-bbox", "FILE", "-"], &pdf);
        let (mut count, mut missing) = (0, 0);
        for line in html.lines().filter(|line| line.contains("<word")) {
            count += 1;
            let number = |name: &str| -> f64 {
                let start = line.find(name).unwrap() + name.len() + 2;
                line[start..].split('"').next().unwrap().parse().unwrap()
            };
            let [left, top, right, bottom] = ["xMin", "yMin", "xMax", "yMax"].map(number);
            let word = line.split(['<', '>']).nth(2).unwrap();
            // ours lies around the ink, theirs is as high as the font: within a fifth of ten points
            let agrees = |ours: &[f64; 4]| {
                let near = [left, top, right, bottom].into_iter().zip(ours).all(|(a, b)| (a - b).abs() < 9.0);
                near && ours[0] > left - 2.0 && ours[1] > top - 2.0 && ours[2] < right + 2.0 && ours[3] < bottom + 2.0
            };
            missing += usize::from(!found.get(word).is_some_and(|boxes| boxes.iter().any(agrees)));
        }
        assert!(count > 30 && missing * 50 <= count, "{missing} of {count} words at {cropped}");
    }
}

#[test]
fn columns_are_read_one_after_the_other_however_they_are_drawn() {
    let mut pieces = String::from("BT /F 16 Tf 60 340 Td (A title over both of the columns here) Tj ET\n");
    for (top, (left, right)) in [300, 288, 276, 264].into_iter().zip(LEFT.into_iter().zip(RIGHT)).rev() {
        pieces += &column(&[right], 210, top);
        pieces += &column(&[left], 30, top);
    }
    let (_, words) = inspect_page(&pieces);
    let expected = format!("A title over both of the columns here {} {}", LEFT.join(" "), RIGHT.join(" "));
    assert_eq!(text(&words), expected);
    assert_eq!(words.last().map(|word| (word.line, word.block)), Some((8, 2)));
}

#[test]
fn rows_of_short_pieces_are_read_across() {
    let rows = [("Bread", "2.40"), ("Butter", "3.10"), ("Milk", "1.25"), ("Total", "6.75")];
    let content: String = (0..)
        .zip(rows)
        .map(|(row, (item, price))| column(&[item], 30, 300 - 12 * row) + &column(&[price], 200, 300 - 12 * row))
        .collect();
    assert_eq!(text(&inspect_page(&content).1), "Bread 2.40 Butter 3.10 Milk 1.25 Total 6.75");
}

#[test]
fn only_what_one_sees_is_read() {
    let seen = [
        ("BT /F 12 Tf 20 200 Td (seen) Tj ET", true),
        ("BT /F 12 Tf 3 Tr 20 200 Td (hidden) Tj ET", false),
        ("BT /F 12 Tf 20 900 Td (outside) Tj ET", false),
        ("1 g BT /F 12 Tf 20 200 Td (white) Tj ET", false),
        ("0 0 0.5 rg 0 190 200 30 re f 1 g BT /F 12 Tf 20 200 Td (negative) Tj ET", true),
        ("BT /F 12 Tf 20 200 Td (secret) Tj ET 0 g 0 190 200 30 re f", false),
        ("q 300 300 50 50 re W n BT /F 12 Tf 20 200 Td (clipped) Tj ET Q", false),
        ("BT /F 0.2 Tf 20 200 Td (dust) Tj ET", false),
        ("BT /F 12 Tf 2 Tr 20 200 Td (outlined) Tj ET", true),
        ("BT /F 12 Tf 20 200 Td (bold) Tj 0.3 0 Td (bold) Tj ET", true),
        ("BT /F 12 Tf 20 200 Td [(sp) -20 (lit)] TJ ET", true),
        ("BT /F 12 Tf 0 1 -1 0 200 20 Tm (upwards) Tj ET", true),
    ];
    for (content, is_seen) in seen {
        let (_, words) = inspect_page(content);
        assert_eq!(words.len(), usize::from(is_seen), "{content}: {}", text(&words));
    }
    assert_eq!(text(&inspect_page("BT /F 12 Tf 2 Tr 20 200 Td (outlined) Tj ET").1), "outlined");
    assert_eq!(text(&inspect_page("BT /F 12 Tf 20 200 Td (bold) Tj 0.3 0 Td (bold) Tj ET").1), "bold");
}

#[test]
fn gaps_are_spaces_and_letters_may_come_in_any_order() {
    let (_, words) = inspect_page("BT /F 12 Tf 20 200 Td [(two) -400 (words)] TJ ET");
    assert_eq!(text(&words), "two words");
    let (_, words) = inspect_page("BT /F 12 Tf 34 200 Td (w order) Tj -14 0 Td (ne) Tj ET");
    assert_eq!(text(&words), "new order");
    let (_, words) = inspect_page("BT /F 12 Tf 3 Tc 20 200 Td (spaced out words) Tj ET");
    assert_eq!(text(&words), "spaced out words");
    let (_, words) = inspect_page("BT /F 12 Tf 20 200 Td (E = mc) Tj /F 7 Tf 0 5 Td 37 0 Td (2) Tj ET");
    assert_eq!(words.iter().filter(|word| word.line == 0).count(), words.len(), "{}", text(&words));
}

#[test]
fn slanted_words_have_corners() {
    let (_, words) = inspect_page("BT /F 20 Tf 0.866 0.5 -0.5 0.866 50 50 Tm (slanted) Tj ET");
    let corners = words[0].polygon.unwrap();
    // reads upwards to the right
    assert!(corners[2] > corners[0] && corners[3] < corners[1], "{corners:?}");
    assert!(inspect_page("BT /F 20 Tf 50 50 Td (level) Tj ET").1[0].polygon.is_none());
}

#[test]
fn a_font_that_names_no_letters_is_left_to_the_engine() {
    let (page, words) = inspect_page("BT /N 12 Tf 20 200 Td (abcdefgh ijklmn opqrst) Tj ET");
    assert_eq!((page.kind, page.needs_ocr, words.len()), (PageKind::Scan, true, 0));
    assert_eq!(page.unread_areas(400, 400), [[0, 0, 400, 400]]);
}

#[test]
fn an_empty_page_and_one_of_lines_are_told_apart() {
    assert_eq!(inspect_page("").0.kind, PageKind::Blank);
    assert!(!inspect_page("1 g 0 0 400 400 re f").0.needs_ocr);
    let drawing = inspect_page("10 10 m 300 300 l S").0;
    assert_eq!((drawing.kind, drawing.needs_ocr), (PageKind::Scan, true));
}

const LAYER: &str = "BT 3 Tr /F 20 Tf 20 130 Td (an earlier reading of) Tj 0 -60 Td (this page, rather wrong) Tj ET";
const FOOTER: &str = "BT /F 8 Tf 20 4 Td (Copy 1 of 2, for the archive only) Tj ET";

fn scan(after: &'static str) -> Vec<u8> {
    scan_pdf(&[ScanPage { after, ..ScanPage::new() }])
}

fn inspect_as(pdf: &[u8], text_mode: TextMode) -> (PageKind, bool, String) {
    let options = OpenOptions { text_mode, ..OpenOptions::default() };
    let page = Document::open(pdf.to_vec(), &options).unwrap().inspect(0).unwrap();
    (page.kind, page.needs_ocr, text(&page.own_words(page.size.0, page.size.1)))
}

#[test]
fn the_mode_says_what_becomes_of_an_old_layer() {
    let (layer, wrong) = (scan(LAYER), "an earlier reading of this page, rather wrong".to_owned());
    assert_eq!(inspect_as(&scan(""), TextMode::Skip), (PageKind::Scan, true, String::new()));
    assert_eq!(inspect_as(&layer, TextMode::Skip), (PageKind::ScanWithText, false, wrong));
    assert_eq!(inspect_as(&layer, TextMode::Redo), (PageKind::ScanWithText, true, String::new()));
    assert_eq!(inspect_as(&layer, TextMode::Force), (PageKind::ScanWithText, true, String::new()));
    let footer = "Copy 1 of 2, for the archive only".to_owned();
    assert_eq!(inspect_as(&scan(FOOTER), TextMode::Redo), (PageKind::Mixed, true, footer));
    let drawn = page_pdf(&column(&LEFT, 30, 300), Dictionary::new());
    assert_eq!(inspect_as(&drawn, TextMode::Force), (PageKind::BornDigital, true, String::new()));
}

#[test]
fn words_of_another_program_are_no_reading_of_ours() {
    let page = pipeline().read_text(&open(scan(LAYER)), 0).unwrap();
    assert!(page.is_text_of_file());
    assert_eq!(page.warnings, [Warning { code: WarningCode::ForeignText, count: 8 }]);
    assert!(page.words.iter().all(|word| (word.confidence - 0.7).abs() < 1e-6 && !word.is_doubtful));
    // a reading of ours that is sure of itself is worth more
    let options = OpenOptions { text_mode: TextMode::Redo, ..OpenOptions::default() };
    let again = pipeline().read_text(&Document::open(scan(LAYER), &options).unwrap(), 0).unwrap();
    assert!(again.mean_confidence > page.mean_confidence, "{}", again.mean_confidence);
    assert!(again.warnings.iter().all(|warning| warning.code != WarningCode::ForeignText));
    let shown = page_pdf(&column(&LEFT, 30, 300), Dictionary::new());
    let page = pipeline().read_text(&open(shown), 0).unwrap();
    assert!(page.is_text_of_file() && page.warnings.is_empty(), "{:?}", page.warnings);
    assert!(page.words.iter().all(|word| word.confidence >= 1.0));
}

#[test]
fn numbers_of_another_program_are_doubted() {
    const SUM: &str = "BT 3 Tr /F 20 Tf 20 130 Td (an earlier reading of) Tj 0 -60 Td (this page, 1234.50 due) Tj ET";
    let page = pipeline().read_text(&open(scan(SUM)), 0).unwrap();
    let doubtful: Vec<_> = page.words.iter().filter(|word| word.is_doubtful).map(|word| &*word.text).collect();
    assert_eq!(doubtful, ["1234.50"]);
}

#[test]
fn a_mixed_page_has_its_own_words_and_those_of_its_picture_once() {
    let page = pipeline().read_text(&open(scan(FOOTER)), 0).unwrap();
    assert_eq!(page.kind, PageKind::Mixed);
    let footer = "Copy 1 of 2, for the archive only";
    assert_eq!(page.text.matches(footer).count(), 1, "{}", page.text);
    assert_eq!(page.text.matches("archive").count(), 1);
    crate::sample::assert_is_letter(&page.text.replace(footer, ""));
}
