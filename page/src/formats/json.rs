use serde::Serialize;

use crate::{
    Barcode, Block, DefectKind, LanguageGuess, PageContent, PageKind, Preparation, ReadBy, Table, Warning, Word,
};

/// JSON Schema (2020-12) of what [`super::Format::Json`] writes.
pub const SCHEMA: &str = include_str!("document.schema.json");

/// Writes what stands before the first page.
pub(super) fn write_head(out: &mut String, title: &str) {
    let title = serde_json::Value::from(title);
    out.push_str(&format!("{{\"title\":{title},\"pages\":[\n"));
}

/// Writes a page as an object. `text_start` is where its text begins in the document's text, in Unicode characters;
/// gives back where it ends.
pub(super) fn write_page(
    out: &mut String,
    number: u32,
    page: Result<&PageContent, &str>,
    text_start: usize,
) -> serde_json::Result<usize> {
    let page = match page {
        Ok(page) => page,
        Err(failure) => {
            let object = serde_json::json!({ "page": number, "state": "failed", "failure": failure });
            out.push_str(&serde_json::to_string(&object)?);
            return Ok(text_start);
        }
    };
    let text_end = text_start + page.text.chars().count();
    let spans = find_spans(page, text_start);
    let words = (1..).zip(page.words.iter().zip(spans));
    let defects = page.quality.defects.iter();
    let object = JsonPage {
        page: number,
        state: "done",
        width: page.width,
        height: page.height,
        unit: "px",
        dpi: page.dpi,
        kind: page.kind,
        rotation_applied: page.rotation_applied,
        skew_deg: page.skew_deg,
        languages: &page.languages,
        preparation: &page.preparation,
        quality: JsonQuality {
            score: page.quality.score,
            defects: defects.map(|defect| JsonDefect { kind: defect.kind, confidence: defect.score }).collect(),
        },
        mean_confidence: page.mean_confidence,
        engine: page.read_by(),
        text: &page.text,
        text_span: [text_start, text_end],
        words: words.map(|(place, (word, span))| JsonWord::new(number, place, word, span)).collect(),
        blocks: &page.blocks,
        tables: &page.tables,
        barcodes: &page.barcodes,
        warnings: &page.warnings,
    };
    out.push_str(&serde_json::to_string(&object)?);
    Ok(text_end)
}

/// Finds the place of each word in the page's text; none for a word that the text doesn't hold.
fn find_spans(page: &PageContent, text_start: usize) -> impl Iterator<Item = Option<[usize; 2]>> {
    let (mut bytes, mut letters) = (0, text_start);
    page.words.iter().map(move |word| {
        let skipped = page.text.get(bytes..)?.find(&word.text)?;
        let start = letters + page.text[bytes..bytes + skipped].chars().count();
        // a word that was changed in the text alone must not drag all others to a far place
        if skipped > MAX_SKIP {
            return None;
        }
        letters = start + word.text.chars().count();
        bytes += skipped + word.text.len();
        Some([start, letters])
    })
}

/// Bytes between two words of a text: a space, line breaks, and room for a few words that were edited.
const MAX_SKIP: usize = 200;

#[derive(Serialize)]
struct JsonPage<'a> {
    page: u32,
    state: &'static str,
    width: u32,
    height: u32,
    unit: &'static str,
    dpi: u32,
    kind: PageKind,
    rotation_applied: u32,
    skew_deg: f32,
    languages: &'a [LanguageGuess],
    preparation: &'a Preparation,
    quality: JsonQuality,
    mean_confidence: f32,
    engine: ReadBy<'a>,
    text: &'a str,
    text_span: [usize; 2],
    words: Vec<JsonWord<'a>>,
    blocks: &'a [Block],
    tables: &'a [Table],
    barcodes: &'a [Barcode],
    warnings: &'a [Warning],
}

#[derive(Serialize)]
struct JsonQuality {
    score: f32,
    defects: Vec<JsonDefect>,
}

#[derive(Serialize)]
struct JsonDefect {
    #[serde(rename = "type")]
    kind: DefectKind,
    confidence: f32,
}

#[derive(Serialize)]
struct JsonWord<'a> {
    id: String,
    span: Option<[usize; 2]>,
    text: &'a str,
    conf: f32,
    polygon: [u32; 8],
    line: u32,
    block: u32,
    is_doubtful: bool,
}

impl<'a> JsonWord<'a> {
    fn new(page: u32, place: usize, word: &'a Word, span: Option<[usize; 2]>) -> Self {
        let [left, top, right, bottom] = word.bounds;
        let polygon = word.polygon.unwrap_or([left, top, right, top, right, bottom, left, bottom]);
        let Word { text, confidence, line, block, is_doubtful, .. } = word;
        let id = format!("p{page}w{place}");
        Self { id, span, text, conf: *confidence, polygon, line: *line, block: *block, is_doubtful: *is_doubtful }
    }
}
