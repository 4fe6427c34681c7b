//! What the parent checks of an answer before it believes it. A child that parsed a hostile file may be hostile.

use untxt_core::domain::{MediaType, PageContent, Word};

use super::PageReading;

/// Longest head of an answer: [`MAX_WORDS`] words of a usual length and the text.
pub(super) const MAX_HEAD_BYTES: u64 = 32 << 20;
/// More than the smallest print on the largest sheet.
const MAX_WORDS: usize = 250_000;
/// Engine's name and version.
const MAX_ENGINE_BYTES: usize = 100;
const MAX_DPI: u32 = 10_000;

/// Says what is wrong with a page, if anything.
pub(super) fn page(reading: &PageReading, max_pixels: u64) -> Result<(), &'static str> {
    let PageReading { content, image } = reading;
    let pixels = u64::from(content.width) * u64::from(content.height);
    require(pixels > 0 && pixels <= max_pixels, "size of a page")?;
    require((1..=MAX_DPI).contains(&content.dpi), "resolution of a page")?;
    require(matches!(content.rotation_applied, 0 | 90 | 180 | 270), "rotation of a page")?;
    require(is_fraction(content.mean_confidence), "confidence of a page")?;
    require(content.engine.len() <= MAX_ENGINE_BYTES, "name of the engine")?;
    require(content.words.len() <= MAX_WORDS, "number of words")?;
    content.words.iter().try_for_each(|each| word(each, content))?;
    require(MediaType::sniff(&image.bytes) == Some(image.media_type), "kind of a page image")?;
    require(image.media_type != MediaType::Pdf, "kind of a page image")
}

fn word(word: &Word, page: &PageContent) -> Result<(), &'static str> {
    let [left, top, right, bottom] = word.bounds;
    require(!word.text.is_empty(), "empty word")?;
    require(is_fraction(word.confidence), "confidence of a word")?;
    require(left < right && right <= page.width && top < bottom && bottom <= page.height, "box of a word")?;
    require((word.line as usize) < MAX_WORDS && (word.block as usize) < MAX_WORDS, "line of a word")
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
    use super::*;
    use crate::sandbox::PageImage;

    fn a_page() -> PageReading {
        let word = Word { text: "word".to_owned(), confidence: 1.0, bounds: [0, 0, 10, 10], line: 0, block: 0 };
        let content = PageContent {
            width: 10,
            height: 10,
            dpi: 300,
            rotation_applied: 0,
            mean_confidence: 1.0,
            words: vec![word],
            text: "word".to_owned(),
            engine: "fake 1".to_owned(),
        };
        PageReading { content, image: PageImage { media_type: MediaType::Png, bytes: b"\x89PNG\r\n\x1a\n".to_vec() } }
    }

    #[test]
    fn a_good_page_is_believed() {
        assert_eq!(page(&a_page(), 100), Ok(()));
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
