//! Rules of hOCR 1.2, as far as they can be wrong in what we write: element nesting, properties and their grammar.

use roxmltree::{Document, Node, ParsingOptions};
use untxt_page::{PageContent, formats::Format};

use crate::sample::{HOSTILE, hostile, letter, write_text};

/// Class, the classes it may stand in, and the properties that it must have.
const RULES: &[(&str, &[&str], &[&str])] = &[
    ("ocr_page", &[], &["image", "bbox", "ppageno", "scan_res"]),
    ("ocr_carea", &["ocr_page"], &["bbox"]),
    ("ocr_image", &["ocr_page"], &["bbox", "x_barcode"]),
    ("ocr_table", &["ocr_carea"], &["bbox"]),
    ("ocr_header", &["ocr_carea"], &["bbox"]),
    ("ocr_footer", &["ocr_carea"], &["bbox"]),
    ("ocr_par", &["ocr_carea", "ocr_table", "ocr_header", "ocr_footer"], &["bbox"]),
    ("ocr_line", &["ocr_par"], &["bbox", "baseline", "x_size"]),
    ("ocrx_word", &["ocr_line"], &["bbox", "x_wconf"]),
];

fn parse(text: &str) -> Document<'_> {
    Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).unwrap()
}

fn class<'a>(node: Node<'a, '_>) -> &'a str {
    node.attribute("class").unwrap_or_default()
}

/// Splits a title into its properties; a quoted value may hold no quote and no semicolon.
fn properties(title: &str) -> Vec<(&str, Vec<&str>)> {
    title
        .split(';')
        .map(|property| {
            let mut words = property.split_whitespace();
            (words.next().unwrap(), words.collect())
        })
        .collect()
}

fn check(text: &str) -> usize {
    let document = parse(text);
    let meta = |name: &str| {
        let node = document.descendants().find(|node| node.attribute("name") == Some(name)).expect(name);
        node.attribute("content").unwrap().to_owned()
    };
    assert!(!meta("ocr-system").is_empty());
    let capabilities = meta("ocr-capabilities");
    let mut ids = std::collections::BTreeSet::new();
    let mut words = 0;
    for node in document.descendants().filter(|node| class(*node).starts_with("ocr")) {
        let (name, parents, required) = RULES.iter().find(|rule| rule.0 == class(node)).expect("a known class");
        assert!(capabilities.split(' ').any(|capability| capability == *name), "{name} is not announced");
        let parent = node.ancestors().skip(1).map(class).find(|class| !class.is_empty()).unwrap_or_default();
        assert!(parents.is_empty() && parent.is_empty() || parents.contains(&parent), "{name} in {parent}");
        assert!(ids.insert(node.attribute("id").unwrap()), "ids are unique");
        let properties = properties(node.attribute("title").unwrap());
        for required in *required {
            let (_, values) = properties.iter().find(|property| property.0 == *required).expect(required);
            let numbers: Vec<f64> = values.iter().filter_map(|value| value.parse().ok()).collect();
            let fits = match *required {
                "image" => values.concat().starts_with('"') && values.concat().ends_with('"'),
                "bbox" => numbers.len() == 4 && numbers[0] <= numbers[2] && numbers[1] <= numbers[3],
                "x_wconf" => numbers.len() == 1 && (0.0..=100.0).contains(&numbers[0]),
                "x_barcode" => values.len() == 1,
                "baseline" | "scan_res" => numbers.len() == 2,
                _ => numbers.len() == 1,
            };
            assert!(fits, "{required} of {name} is {values:?}");
        }
        words += usize::from(*name == "ocrx_word");
    }
    words
}

#[test]
fn hocr_keeps_the_rules() {
    let text = write_text(Format::Hocr, &[Some(letter()), None, Some(letter())]);
    assert_eq!(check(&text), 2 * letter().words.len());
    let document = parse(&text);
    let count = |name: &str| document.descendants().filter(|node| class(*node) == name).count();
    assert_eq!((count("ocr_page"), count("ocr_table"), count("ocr_footer"), count("ocr_line")), (3, 2, 2, 16));
    let word = document.descendants().find(|node| class(*node) == "ocrx_word").unwrap();
    assert_eq!((word.text(), word.attribute("title")), (Some("Weather"), Some("bbox 100 100 240 130; x_wconf 92")));
    let code = document.descendants().find(|node| class(*node) == "ocr_image").unwrap();
    let said = (code.text(), code.attribute("title"));
    assert_eq!(said, (Some("</script>\u{fffd}"), Some("bbox 1 2 3 4; x_barcode qr_code")));
}

#[test]
fn hocr_survives_hostile_words() {
    let text = write_text(Format::Hocr, &[Some(hostile())]);
    assert_eq!(check(&text), HOSTILE.len());
    let document = parse(&text);
    let words: Vec<_> = document.descendants().filter(|node| class(*node) == "ocrx_word").collect();
    assert_eq!(words[0].text(), Some(HOSTILE[0]));
    assert_eq!(words[11].text(), Some(HOSTILE[11]));
    assert_eq!(check(&write_text(Format::Hocr, &[Some(PageContent::default())])), 0);
}
