//! Workbooks and text documents: what is inside the zip, read back.

use std::io::{Cursor, Read};

use roxmltree::Document;
use untxt_page::formats::Format;
use zip::ZipArchive;

use crate::sample::{HOSTILE, hostile, letter, write};

/// Reads every part, which must be well-formed XML.
fn parts(file: Vec<u8>) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let mut text = String::new();
        let name = part.name().unwrap().into_owned();
        part.read_to_string(&mut text).unwrap();
        Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        parts.push((name, text));
    }
    parts
}

fn part<'a>(parts: &'a [(String, String)], name: &str) -> &'a str {
    &parts.iter().find(|part| part.0 == name).expect(name).1
}

/// Gives the text of each element of a name, its descendants included.
fn texts(xml: &str, element: &str) -> Vec<String> {
    let document = Document::parse(xml).unwrap();
    let nodes = document.descendants().filter(|node| node.tag_name().name() == element);
    nodes
        .map(|node| node.descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect())
        .collect()
}

#[test]
fn a_workbook_has_a_sheet_for_each_table() {
    let parts = parts(write(Format::Xlsx, &[Some(letter()), None, Some(letter())]));
    let names = part(&parts, "xl/workbook.xml");
    assert!(names.contains("Table 1 (page 1)") && names.contains("Table 2 (page 3)"));
    assert_eq!(texts(part(&parts, "xl/sharedStrings.xml"), "si"), ["Day", "mm", "Mon", "3.5"]);
    assert_eq!(texts(part(&parts, "xl/worksheets/sheet1.xml"), "v").len(), 4);
}

#[test]
fn a_workbook_holds_no_formula() {
    let parts = parts(write(Format::Xlsx, &[Some(hostile())]));
    assert!(texts(part(&parts, "xl/worksheets/sheet1.xml"), "f").is_empty());
    assert!(texts(part(&parts, "xl/sharedStrings.xml"), "si").contains(&HOSTILE[8].to_owned()));
}

#[test]
fn a_workbook_without_tables_says_so() {
    let parts = parts(write(Format::Xlsx, &[None]));
    assert_eq!(texts(part(&parts, "xl/sharedStrings.xml"), "si"), ["No tables were found."]);
}

#[test]
fn a_text_document_has_headings_lists_tables_and_page_breaks() {
    let parts = parts(write(Format::Docx, &[Some(letter()), None, Some(hostile())]));
    let body = part(&parts, "word/document.xml");
    let paragraphs = texts(body, "p");
    assert_eq!(&paragraphs[..4], ["Weather report", "The barometer fell.", "Wind: west", "2. Rain"]);
    assert_eq!(texts(body, "tbl")[0], "DaymmMon3.5");
    assert!(body.contains("w:val=\"Heading1\"") && body.contains("<w:numId w:val=\"1\"/>"));
    assert_eq!(body.matches("w:type=\"page\"").count(), 2);
    assert!(paragraphs.contains(&HOSTILE[0].to_owned()));
    // every relation leads to a part
    for name in ["word/styles.xml", "word/numbering.xml", "[Content_Types].xml", "_rels/.rels"] {
        assert!(!part(&parts, name).is_empty());
    }
}
