//! What the fuzz targets share: small limits, so that an input that is only large tells nothing, and made-up pages.

use arbitrary::Arbitrary;
use untxt_ocr::{Document, OcrEngine, OcrError, OpenOptions, PageContent, Raster, Recognition, Word};

/// Pages that are decoded of each input.
const PAGES: u32 = 3;

#[must_use]
pub fn options() -> OpenOptions {
    OpenOptions { max_pages: 20, max_page_pixels: 4_000_000, ..OpenOptions::default() }
}

/// Opens, inspects and decodes; every error is fine, a panic or a hang is not.
pub fn decode(bytes: &[u8]) {
    let Ok(document) = Document::open(bytes.to_vec(), &options()) else { return };
    for index in 0..document.page_count().min(PAGES) {
        let _ = document.inspect(index);
        let _ = document.raster(index);
    }
}

/// Decodes only what begins as the kind does, so that no time is lost with what is refused at once.
pub fn decode_as(magic: &[u8], bytes: &[u8]) {
    decode(&[magic, bytes].concat());
}

/// A word that no engine would say.
#[derive(Debug, Arbitrary)]
pub struct WildWord {
    text: String,
    bounds: [u16; 4],
    polygon: Option<[u16; 8]>,
    line: u8,
    block: u8,
}

/// Makes a page of them.
#[must_use]
pub fn page(words: Vec<WildWord>, width: u16, height: u16) -> PageContent {
    let words = words.into_iter().map(|word| Word {
        text: word.text,
        confidence: 0.5,
        bounds: word.bounds.map(u32::from),
        line: word.line.into(),
        block: word.block.into(),
        polygon: word.polygon.map(|corners| corners.map(u32::from)),
        ..Word::default()
    });
    PageContent {
        width: width.into(),
        height: height.into(),
        dpi: 300,
        words: words.collect(),
        ..PageContent::default()
    }
}

/// An engine that sees no letter: what is fuzzed with it is everything around an engine.
#[derive(Debug)]
pub struct Blind;

impl OcrEngine for Blind {
    fn recognise(&mut self, _page: &Raster) -> Result<Recognition, OcrError> {
        Ok(Recognition::default())
    }

    fn name_version(&self) -> String {
        "blind".into()
    }
}
