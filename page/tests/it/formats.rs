use serde_json::Value;
use untxt_page::{
    PageContent, Word,
    formats::{Format, JSON_SCHEMA},
};

use crate::sample::{HOSTILE, hostile, letter, write, write_text};

#[test]
fn flowing_text_joins_lines_and_keeps_paragraphs() {
    let text = write_text(Format::Txt, &[Some(letter()), None, Some(letter())]);
    let page = "Weather report\n\nThe barometer fell.\n\n• Wind: west\n\n2. Rain\n\nDay\tmm\nMon\t3.5\n\n7\n";
    assert_eq!(text, format!("{page}\u{c}\u{c}{page}"));
}

#[test]
fn layout_text_keeps_places() {
    let text = write_text(Format::Layout, &[Some(letter())]);
    assert!(text.starts_with("Weather report\n"), "{text}");
    assert!(text.contains("\nDay mm\nMon 3.5\n"), "{text}");
}

#[test]
fn markdown_has_headings_lists_and_tables() {
    let text = write_text(Format::Md, &[Some(letter()), Some(PageContent::default())]);
    let page = "# Weather report\n\nThe barometer fell.\n\n- Wind: west\n2. Rain\n\n\
        | Day | mm |\n| --- | --- |\n| Mon | 3.5 |\n\n7\n\n- qr\\_code: \\</script\\>\u{fffd}\n";
    assert_eq!(text, format!("{page}\n---\n\n"));
}

#[test]
fn csv_has_the_tables() {
    let text = write_text(Format::Csv, &[Some(letter()), None, Some(letter())]);
    assert_eq!(text, "Day,mm\r\nMon,3.5\r\n\r\nDay,mm\r\nMon,3.5\r\n");
    assert_eq!(write_text(Format::Csv, &[None]), "");
}

#[test]
fn json_fits_its_schema() {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for pages in [vec![Some(letter()), None, Some(hostile())], vec![], vec![Some(PageContent::default())]] {
        let document: Value = serde_json::from_slice(&write(Format::Json, &pages)).unwrap();
        let wrong: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(wrong, [""; 0]);
        assert_eq!(document["pages"].as_array().unwrap().len(), pages.len());
    }
    // and the schema does forbid something
    let mut document: Value = serde_json::from_slice(&write(Format::Json, &[Some(letter())])).unwrap();
    document["pages"][0]["words"][0]["conf"] = 2.into();
    assert!(!schema.is_valid(&document));
}

#[test]
fn json_tells_where_words_are_in_the_text() {
    let pages = [Some(letter()), None, Some(hostile())];
    let document: Value = serde_json::from_slice(&write(Format::Json, &pages)).unwrap();
    let text: Vec<char> = pages.iter().flatten().flat_map(|page| page.text.chars()).collect();
    let mut words = 0;
    for page in [&document["pages"][0], &document["pages"][2]] {
        for word in page["words"].as_array().unwrap() {
            let [start, end] = [0, 1].map(|at| usize::try_from(word["span"][at].as_u64().unwrap()).unwrap());
            assert_eq!(text[start..end].iter().collect::<String>(), word["text"].as_str().unwrap());
            words += 1;
        }
    }
    assert_eq!(words, letter().words.len() + HOSTILE.len());
}

/// Reads the word rows of a table back.
fn read_tsv(table: &str) -> Vec<(u32, Word)> {
    let (mut line, mut block) = (0, 0);
    let mut words = Vec::new();
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        assert_eq!(cells.len(), 12, "{row}");
        let number = |at: usize| cells[at].parse::<u32>().unwrap();
        match number(0) {
            1 => (line, block) = (0, 0),
            2 => block += 1,
            4 => line += 1,
            5 => {
                let bounds = [number(6), number(7), number(6) + number(8), number(7) + number(9)];
                let confidence = cells[10].parse::<f32>().unwrap() / 100.0;
                let text = cells[11].into();
                words.push((
                    number(1),
                    Word { text, confidence, bounds, line: line - 1, block: block - 1, ..Word::default() },
                ));
            }
            _ => {}
        }
    }
    words
}

#[test]
fn tsv_comes_back_as_it_went() {
    let table = write_text(Format::Tsv, &[Some(letter()), Some(letter())]);
    let words = read_tsv(&table);
    for number in [1, 2] {
        let found: Vec<&Word> = words.iter().filter(|(page, _)| *page == number).map(|(_, word)| word).collect();
        assert_eq!(found.len(), letter().words.len());
        for (found, want) in found.into_iter().zip(&letter().words) {
            let same = Word { confidence: found.confidence, ..want.clone() };
            assert_eq!(*found, same);
            assert!((found.confidence - want.confidence).abs() < 1e-6);
        }
    }
    let hostile = read_tsv(&write_text(Format::Tsv, &[Some(hostile())]));
    assert_eq!(hostile.len(), HOSTILE.len());
}

#[test]
fn a_page_of_a_quarter_million_words_is_written() {
    let words = (0..250_000).map(|at| Word {
        text: format!("w{at}"),
        bounds: [at % 500 * 10, at / 500 * 10, at % 500 * 10 + 8, at / 500 * 10 + 8],
        line: at / 500,
        block: at / 5000,
        ..Word::default()
    });
    let words: Vec<Word> = words.collect();
    let page = PageContent {
        text: untxt_page::join_words(&words),
        words,
        width: 5000,
        height: 5000,
        ..PageContent::default()
    };
    for format in Format::ALL {
        let file = write(format, &[Some(page.clone())]);
        let has_words = matches!(format, Format::Csv | Format::Xlsx | Format::Docx) || file.len() > 1_500_000;
        assert!(has_words, "{} has {} bytes", format.name(), file.len());
    }
}

#[test]
fn no_text_steers_a_terminal() {
    for format in [Format::Txt, Format::Layout, Format::Md, Format::Tsv] {
        let text = write_text(format, &[Some(hostile())]);
        let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(control, None, "{}", format.name());
    }
}
