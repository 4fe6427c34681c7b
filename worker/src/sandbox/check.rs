//! What the parent checks of an answer before it believes it. A child that parsed a hostile file may be hostile.

use untxt_core::domain::{MediaType, PageContent, Word};
use untxt_page::{Barcode, Bounds, Cell, LanguageGuess, Table};

use super::PageReading;

/// Longest head of an answer: [`MAX_WORDS`] words of a usual length and the text.
pub(super) const MAX_HEAD_BYTES: u64 = 32 << 20;
/// More than the smallest print on the largest sheet.
const MAX_WORDS: usize = 250_000;
/// Engine's name and version.
const MAX_ENGINE_BYTES: usize = 100;
const MAX_DPI: u32 = 10_000;
/// More rows than a page has lines.
const MAX_TABLE_SIDE: u32 = 10_000;
/// Places in all tables of a page, empty ones too: each is written into some files.
const MAX_TABLE_PLACES: u64 = 250_000;
const MAX_BARCODES: usize = 1000;
/// The largest QR code holds 7,089 digits.
const MAX_BARCODE_BYTES: usize = 8192;
/// Stages, defects, languages, warnings: each is a short list.
const MAX_FINDINGS: usize = 100;

/// Says what is wrong with a page, if anything.
pub(super) fn page(reading: &PageReading, max_pixels: u64) -> Result<(), &'static str> {
    let PageReading { content, image } = reading;
    let pixels = u64::from(content.width) * u64::from(content.height);
    require(pixels > 0 && pixels <= max_pixels, "size of a page")?;
    require((1..=MAX_DPI).contains(&content.dpi), "resolution of a page")?;
    require(matches!(content.rotation_applied, 0 | 90 | 180 | 270), "rotation of a page")?;
    require(is_fraction(content.mean_confidence), "confidence of a page")?;
    require(content.engine.len() <= MAX_ENGINE_BYTES, "name of the engine")?;
    require(content.skew_deg.abs() <= 45.0, "skew of a page")?;
    require(content.words.len() <= MAX_WORDS, "number of words")?;
    content.words.iter().try_for_each(|each| word(each, content))?;
    layout(content)?;
    findings(content)?;
    require(MediaType::sniff(&image.bytes) == Some(image.media_type), "kind of a page image")?;
    require(image.media_type != MediaType::Pdf, "kind of a page image")
}

fn word(word: &Word, page: &PageContent) -> Result<(), &'static str> {
    require(!word.text.is_empty(), "empty word")?;
    require(is_fraction(word.confidence), "confidence of a word")?;
    require(is_inside(word.bounds, page), "box of a word")?;
    let corners = word.polygon.unwrap_or_default();
    let [xs, ys] = [0, 1].map(|first| corners.into_iter().skip(first).step_by(2).max().unwrap_or_default());
    require(xs <= page.width && ys <= page.height, "corners of a word")?;
    require((word.line as usize) < MAX_WORDS && (word.block as usize) < MAX_WORDS, "line of a word")
}

/// Blocks and tables hold words of the page, and lie on it.
fn layout(page: &PageContent) -> Result<(), &'static str> {
    let words = page.words.len();
    require(page.blocks.len() <= MAX_WORDS, "number of blocks")?;
    let has_block = |word: &Word| page.blocks.is_empty() || (word.block as usize) < page.blocks.len();
    require(page.words.iter().all(has_block), "block of a word")?;
    require(page.blocks.iter().all(|block| is_inside(block.bounds, page)), "box of a block")?;
    require(page.tables.len() <= words, "number of tables")?;
    let places = page.tables.iter().map(|table| u64::from(table.rows) * u64::from(table.columns));
    require(places.fold(0, u64::saturating_add) <= MAX_TABLE_PLACES, "places in the tables")?;
    for table in &page.tables {
        require(is_inside(table.bounds, page), "box of a table")?;
        let sizes = [table.rows, table.columns];
        require(sizes.iter().all(|size| (1..=MAX_TABLE_SIDE).contains(size)), "size of a table")?;
        require(table.cells.len() <= MAX_WORDS, "number of cells")?;
        table.cells.iter().try_for_each(|each| cell(each, table, page))?;
    }
    Ok(())
}

fn cell(cell: &Cell, table: &Table, page: &PageContent) -> Result<(), &'static str> {
    let fits = |first: u32, span: u32, size: u32| span > 0 && first.checked_add(span).is_some_and(|end| end <= size);
    require(fits(cell.row, cell.row_span, table.rows), "row of a cell")?;
    require(fits(cell.column, cell.column_span, table.columns), "column of a cell")?;
    require(is_inside(cell.bounds, page), "box of a cell")?;
    require(is_fraction(cell.confidence), "confidence of a cell")?;
    require(cell.words.iter().all(|&index| (index as usize) < page.words.len()), "words of a cell")
}

/// What else was found out about the page.
fn findings(page: &PageContent) -> Result<(), &'static str> {
    let preparation = &page.preparation;
    let confidences = [preparation.rotation_confidence, preparation.skew_confidence, page.quality.score];
    require(confidences.into_iter().all(is_fraction), "confidence of the preparation")?;
    require(preparation.scale.is_finite() && preparation.scale > 0.0, "scale of a page")?;
    require(preparation.stages.len() <= MAX_FINDINGS, "number of stages")?;
    require(page.quality.defects.len() <= MAX_FINDINGS, "number of defects")?;
    require(page.quality.defects.iter().all(|defect| is_fraction(defect.score)), "score of a defect")?;
    require(page.languages.len() <= MAX_FINDINGS, "number of languages")?;
    let is_code = |code: &str| !code.is_empty() && code.len() <= 40;
    let is_language = |guess: &LanguageGuess| is_code(&guess.code) && is_fraction(guess.confidence);
    require(page.languages.iter().all(is_language), "language of a page")?;
    require(page.warnings.len() <= MAX_FINDINGS, "number of warnings")?;
    require(page.barcodes.len() <= MAX_BARCODES, "number of barcodes")?;
    let is_said = |value: &str| !value.is_empty() && value.len() <= MAX_BARCODE_BYTES;
    let is_barcode = |code: &Barcode| is_inside(code.bounds, page) && is_code(&code.format) && is_said(&code.value);
    require(page.barcodes.iter().all(is_barcode), "barcode of a page")
}

fn is_inside([left, top, right, bottom]: Bounds, page: &PageContent) -> bool {
    left < right && right <= page.width && top < bottom && bottom <= page.height
}

/// Says whether this begins and ends as a PDF does.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    let end = &bytes[bytes.len().saturating_sub(1024)..];
    MediaType::sniff(bytes) == Some(MediaType::Pdf) && end.windows(5).any(|window| window == b"%%EOF")
}

fn is_fraction(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}

fn require(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}

#[cfg(test)]
mod tests {
    use untxt_page::Block;

    use super::*;
    use crate::sandbox::PageImage;

    fn a_table() -> Table {
        let cell = Cell { row_span: 1, column_span: 1, bounds: [0, 0, 10, 10], words: vec![0], ..Cell::default() };
        Table { bounds: [0, 0, 10, 10], rows: 1, columns: 1, cells: vec![cell], ..Table::default() }
    }

    fn a_barcode(value: &str) -> Barcode {
        Barcode { format: "qr_code".into(), value: value.into(), bounds: [0, 0, 10, 10] }
    }

    fn with_cell(spoil: fn(&mut Cell)) -> Table {
        let mut table = a_table();
        spoil(&mut table.cells[0]);
        table
    }

    fn a_page() -> PageReading {
        let word = Word { text: "word".to_owned(), confidence: 1.0, bounds: [0, 0, 10, 10], ..Word::default() };
        let content = PageContent {
            width: 10,
            height: 10,
            dpi: 300,
            mean_confidence: 1.0,
            words: vec![word],
            text: "word".to_owned(),
            engine: "fake 1".to_owned(),
            ..PageContent::default()
        };
        PageReading { content, image: PageImage { media_type: MediaType::Png, bytes: b"\x89PNG\r\n\x1a\n".to_vec() } }
    }

    #[test]
    fn a_good_page_is_believed() {
        let mut reading = a_page();
        assert_eq!(page(&reading, 100), Ok(()));
        reading.content.tables = vec![a_table()];
        reading.content.blocks = vec![Block { bounds: [0, 0, 10, 10], ..Block::default() }];
        reading.content.barcodes = vec![a_barcode("said")];
        assert_eq!(page(&reading, 100), Ok(()));
    }

    #[test]
    fn a_strange_page_is_not() {
        let spoilt: &[fn(&mut PageReading)] = &[
            |page| page.content.width = 11,
            |page| page.content.height = 0,
            |page| page.content.rotation_applied = 45,
            |page| page.content.mean_confidence = f32::NAN,
            |page| page.content.words[0].confidence = f32::INFINITY,
            |page| page.content.words[0].text.clear(),
            |page| page.content.words[0].bounds = [0, 0, 11, 10],
            |page| page.content.words[0].bounds = [5, 0, 5, 10],
            |page| page.content.words[0].line = u32::MAX,
            |page| page.content.words[0].polygon = Some([0, 0, 10, 0, 10, 11, 0, 10]),
            |page| page.content.blocks = vec![Block { bounds: [0, 0, 10, 11], ..Block::default() }],
            |page| {
                page.content.blocks = vec![Block { bounds: [0, 0, 10, 10], ..Block::default() }];
                page.content.words[0].block = 1;
            },
            |page| page.content.tables = vec![Table { bounds: [0, 0, 10, 10], rows: u32::MAX, ..a_table() }],
            |page| page.content.tables = vec![Table { rows: 10_000, columns: 10_000, ..a_table() }],
            |page| page.content.tables = vec![with_cell(|cell| cell.row = 1)],
            |page| page.content.tables = vec![with_cell(|cell| cell.column_span = u32::MAX)],
            |page| page.content.tables = vec![with_cell(|cell| cell.words = vec![1])],
            |page| page.content.tables = vec![with_cell(|cell| cell.bounds = [0, 0, 11, 10])],
            |page| page.content.skew_deg = f32::NAN,
            |page| page.content.preparation.scale = f32::INFINITY,
            |page| page.content.quality.score = 1.1,
            |page| page.content.languages = vec![LanguageGuess { code: "eng".into(), confidence: 2.0 }],
            |page| page.content.barcodes = vec![Barcode { bounds: [0, 0, 11, 10], ..a_barcode("said") }],
            |page| page.content.barcodes = vec![a_barcode("")],
            |page| page.content.barcodes = vec![a_barcode(&"x".repeat(8193))],
            |page| page.content.engine = "x".repeat(101),
            |page| page.image.media_type = MediaType::Jpeg,
            |page| page.image.bytes.clear(),
        ];
        for (number, spoil) in spoilt.iter().enumerate() {
            let mut reading = a_page();
            spoil(&mut reading);
            assert!(page(&reading, 100).is_err(), "case {number}");
        }
    }
}
