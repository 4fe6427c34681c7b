//! Rules of the ALTO 4.3 schema for the elements that we write. The schema itself is CC BY-SA and therefore not here:
//! these tables say what it says, in our words; `peers` holds our files against the schema itself.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};
use untxt_page::{PageContent, formats::Format};

use crate::sample::{HOSTILE, hostile, letter, write_text};

type Names = &'static [&'static str];

/// Element, its children in their order (`+` at least one, `*` any number, `?` at most one), its required and its
/// other attributes.
const RULES: &[(&str, Names, Names, Names)] = &[
    ("alto", &["Description?", "Tags?", "Layout"], &[], &["SCHEMAVERSION", "schemaLocation"]),
    ("Description", &["MeasurementUnit", "sourceImageInformation?", "Processing*"], &[], &[]),
    ("MeasurementUnit", &[], &[], &[]),
    ("sourceImageInformation", &["fileName?"], &[], &[]),
    ("fileName", &[], &[], &[]),
    ("Processing", &["processingCategory?", "processingSoftware?"], &["ID"], &[]),
    ("processingCategory", &[], &[], &[]),
    ("processingSoftware", &["softwareName?", "softwareVersion?"], &[], &[]),
    ("softwareName", &[], &[], &[]),
    ("softwareVersion", &[], &[], &[]),
    ("Tags", &["StructureTag*"], &[], &[]),
    ("StructureTag", &[], &["ID", "LABEL"], &[]),
    ("Layout", &["Page+"], &[], &[]),
    ("Page", &["PrintSpace?"], &["ID", "PHYSICAL_IMG_NR"], &["WIDTH", "HEIGHT", "PC", "PROCESSINGREFS"]),
    ("PrintSpace", &["TextBlock*", "Illustration*"], &[], &["HPOS", "VPOS", "WIDTH", "HEIGHT"]),
    ("TextBlock", &["TextLine+"], &["ID"], &["HPOS", "VPOS", "WIDTH", "HEIGHT", "TAGREFS", "LANG", "BASEDIRECTION"]),
    ("Illustration", &[], &["ID"], &["HPOS", "VPOS", "WIDTH", "HEIGHT", "TYPE"]),
    ("TextLine", &["(String SP?)+"], &[], &["ID", "HPOS", "VPOS", "WIDTH", "HEIGHT", "BASELINE"]),
    ("String", &["Shape?"], &["CONTENT"], &["ID", "HPOS", "VPOS", "WIDTH", "HEIGHT", "WC"]),
    ("SP", &[], &[], &[]),
    ("Shape", &["Polygon"], &[], &[]),
    ("Polygon", &[], &["POINTS"], &[]),
];

fn check(text: &str) -> usize {
    let document = Document::parse(text).unwrap();
    let mut ids = BTreeSet::new();
    let elements: Vec<Node<'_, '_>> = document.descendants().filter(Node::is_element).collect();
    for node in &elements {
        let name = node.tag_name().name();
        assert_eq!(node.tag_name().namespace(), Some("http://www.loc.gov/standards/alto/ns-v4#"));
        let (_, children, required, others) = RULES.iter().find(|rule| rule.0 == name).expect(name);
        check_children(*node, children);
        for required in *required {
            assert!(node.has_attribute(*required), "{name} has no {required}");
        }
        for attribute in node.attributes() {
            let known = required.contains(&attribute.name()) || others.contains(&attribute.name());
            assert!(known, "{name} has {}", attribute.name());
            check_value(attribute.name(), attribute.value());
        }
        if let Some(id) = node.attribute("ID") {
            assert!(ids.insert(id) && id.starts_with(|c: char| c.is_ascii_alphabetic()), "{id}");
        }
    }
    for reference in elements.iter().flat_map(|node| [node.attribute("TAGREFS"), node.attribute("PROCESSINGREFS")]) {
        assert!(reference.is_none_or(|id| ids.contains(id)), "{reference:?} leads nowhere");
    }
    elements.iter().filter(|node| node.tag_name().name() == "String").count()
}

fn check_children(node: Node<'_, '_>, rule: &[&str]) {
    let names: Vec<&str> = node.children().filter(Node::is_element).map(|child| child.tag_name().name()).collect();
    if rule == ["(String SP?)+"] {
        assert_eq!(names.first(), Some(&"String"));
        assert!(names.windows(2).all(|pair| pair != ["SP", "SP"]), "{names:?}");
        assert!(names.iter().all(|name| ["String", "SP"].contains(name)), "{names:?}");
        return;
    }
    let mut rest = names.as_slice();
    for part in rule {
        let name = part.trim_end_matches(['?', '*', '+']);
        let count = rest.iter().take_while(|child| **child == name).count();
        let fits = match part.chars().last() {
            Some('?') => count <= 1,
            Some('*') => true,
            Some('+') => count >= 1,
            _ => count == 1,
        };
        assert!(fits, "{count} {part} in {}", node.tag_name().name());
        rest = &rest[count..];
    }
    assert_eq!(rest, [""; 0], "in {}", node.tag_name().name());
}

fn check_value(name: &str, value: &str) {
    let fits = match name {
        "HPOS" | "VPOS" | "WIDTH" | "HEIGHT" | "PHYSICAL_IMG_NR" => value.parse::<f32>().is_ok(),
        "WC" | "PC" => value.parse::<f32>().is_ok_and(|share| (0.0..=1.0).contains(&share)),
        "BASEDIRECTION" => ["ltr", "rtl"].contains(&value),
        "LANG" => value
            .split('-')
            .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())),
        "BASELINE" | "POINTS" => value.split([' ', ',']).all(|number| number.parse::<u32>().is_ok()),
        _ => true,
    };
    assert!(fits, "{name} is {value}");
}

#[test]
fn alto_keeps_the_rules() {
    let text = write_text(Format::Alto, &[Some(letter()), None, Some(letter())]);
    assert_eq!(check(&text), 2 * letter().words.len());
    assert!(text.contains("HPOS=\"100\" VPOS=\"100\" WIDTH=\"140\" HEIGHT=\"30\" CONTENT=\"Weather\" WC=\"0.915\""));
    assert!(text.contains(" LANG=\"chi-sim\"") && text.contains(" TAGREFS=\"heading\""));
    assert!(text.contains("HPOS=\"1\" VPOS=\"2\" WIDTH=\"2\" HEIGHT=\"2\" TYPE=\"qr_code\"/>"));
}

#[test]
fn alto_survives_hostile_words() {
    let text = write_text(Format::Alto, &[Some(hostile())]);
    assert_eq!(check(&text), HOSTILE.len());
    let document = Document::parse(&text).unwrap();
    let words: Vec<_> = document.descendants().filter_map(|node| node.attribute("CONTENT")).collect();
    assert_eq!((words[0], words[1], words[11]), (HOSTILE[0], HOSTILE[1], HOSTILE[11]));
    assert_eq!(check(&write_text(Format::Alto, &[Some(PageContent::default())])), 0);
}
