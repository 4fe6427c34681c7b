//! Pages to write: an ordinary one, and the worst that an engine or a forged document might say.

use untxt_page::{
    Barcode, Block, BlockKind, Bounds, Cell, Defect, DefectKind, LanguageGuess, PageContent, Quality, Table, Warning,
    WarningCode, Word,
    formats::{Format, Writer},
    join_words,
};

/// Writes the pages with numbers from 1.
pub(crate) fn write(format: Format, pages: &[Option<PageContent>]) -> Vec<u8> {
    let mut writer = Writer::new(format, "letter <2> & \"more\".pdf");
    let mut file = Vec::new();
    for (number, page) in (1..).zip(pages) {
        file.extend(writer.page(number, page.as_ref().ok_or("unreadable")).unwrap());
    }
    file.extend(writer.finish().unwrap());
    file
}

pub(crate) fn write_text(format: Format, pages: &[Option<PageContent>]) -> String {
    String::from_utf8(write(format, pages)).unwrap()
}

/// A page of a heading, a paragraph of two lines, two list entries, a table of 2 × 2 and a footer.
pub(crate) fn letter() -> PageContent {
    let lines: [(u32, u32, &str); 8] = [
        (0, 100, "Weather report"),
        (1, 200, "The baro-"),
        (1, 240, "meter fell."),
        (2, 300, "• Wind: west"),
        (3, 340, "2. Rain"),
        (4, 400, "Day mm"),
        (4, 440, "Mon 3.5"),
        (5, 900, "7"),
    ];
    let mut words = Vec::new();
    for (line, (block, top, text)) in (0..).zip(lines) {
        let mut left = 100;
        for text in text.split(' ') {
            let right = left + 20 * u32::try_from(text.chars().count()).unwrap();
            words.push(word(text, [left, top, right, top + 30], line, block));
            left = right + 20;
        }
    }
    let kinds = [
        (BlockKind::Heading, 1),
        (BlockKind::Paragraph, 0),
        (BlockKind::ListItem, 1),
        (BlockKind::ListItem, 1),
        (BlockKind::Table, 0),
        (BlockKind::Footer, 0),
    ];
    let blocks = kinds.map(|(kind, level)| Block { kind, level, bounds: [100, 100, 900, 940], column: 0 });
    let first = u32::try_from(words.iter().position(|word| word.text == "Day").unwrap()).unwrap();
    let cells = (0..4).map(|place| Cell {
        row: place / 2,
        column: place % 2,
        row_span: 1,
        column_span: 1,
        bounds: words[(first + place) as usize].bounds,
        words: vec![first + place],
        text: words[(first + place) as usize].text.clone(),
        confidence: 0.9,
    });
    let cells = cells.collect();
    page(
        words,
        blocks.to_vec(),
        vec![Table { bounds: [100, 400, 300, 470], rows: 2, columns: 2, is_ruled: true, cells }],
    )
}

fn word(text: &str, bounds: Bounds, line: u32, block: u32) -> Word {
    Word { text: text.into(), confidence: 0.915, bounds, line, block, ..Word::default() }
}

fn page(words: Vec<Word>, blocks: Vec<Block>, tables: Vec<Table>) -> PageContent {
    PageContent {
        width: 1000,
        height: 1000,
        dpi: 300,
        skew_deg: 0.5,
        languages: vec![LanguageGuess { code: "chi_sim".into(), confidence: 0.75 }],
        mean_confidence: 0.915,
        quality: Quality { score: 0.5, defects: vec![Defect { kind: DefectKind::Blurry, score: 0.5 }] },
        text: join_words(&words),
        words,
        blocks,
        tables,
        barcodes: vec![Barcode { format: "qr_code".into(), value: "</script>\0".into(), bounds: [1, 2, 3, 4] }],
        engine: "tesseract 5.3.0".into(),
        warnings: vec![Warning { code: WarningCode::LowConfidence, count: 3 }],
        ..PageContent::default()
    }
}

/// What no format may stumble over.
pub(crate) const HOSTILE: [&str; 16] = [
    "</span></String>",
    "]]>",
    "<!--",
    "a\0b\u{1}\u{1b}[31m",
    "\u{202e}desrever\u{2066}",
    "\u{fffe}\u{ffff}\u{10ffff}",
    "tab\tin\nline\r\nbreak\u{2028}\u{85}",
    "\"quoted\" 'and' &amp; &#0;",
    "=HYPERLINK(\"http://x\")",
    "@SUM(1)",
    "# [x](javascript:y) | `z` \\",
    "שָׁלוֹם",
    "العربية",
    "日本語🏴\u{e0067}\u{200d}",
    "e\u{301}\u{301}\u{301}",
    "_x0041_%s{}$0",
];

/// A page whose words are the hostile ones; each is also a cell of a table whose spans overlap and leave it.
pub(crate) fn hostile() -> PageContent {
    let words = (0..).zip(HOSTILE).map(|(at, text)| word(text, [at, 10 * at, at + 1, 10 * at + 9], at / 2, at / 4));
    let words: Vec<Word> = words.collect();
    let block = Block { kind: BlockKind::Table, ..Block::default() };
    let cells = (0..).zip(HOSTILE).map(|(at, text)| Cell {
        row: at / 3,
        column: at % 3,
        row_span: if at == 7 { u32::MAX } else { 1 + at % 3 },
        column_span: if at == 7 { u32::MAX } else { 1 + at % 2 },
        words: vec![at, u32::MAX],
        text: text.into(),
        confidence: 0.1,
        ..Cell::default()
    });
    let table = Table { rows: 6, columns: 3, cells: cells.collect(), ..Table::default() };
    let absurd = Table { rows: u32::MAX, columns: u32::MAX, ..Table::default() };
    let mut page = page(words, vec![block; 4], vec![table, absurd]);
    page.words[3].polygon = Some([1, 2, 3, 4, 5, 6, 7, 8]);
    page.languages[0].code = "\"><x".into();
    page.engine = "<engine> \"1\"".into();
    page
}
