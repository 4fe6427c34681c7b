use std::panic::{AssertUnwindSafe, catch_unwind};

use untxt_page::{join_words, mean_confidence};

use crate::{
    Document, EncodedImage, OcrEngine, OcrError, PageContent, Raster, Recognition,
    encode::encode_page,
    own_page::{own_page, read_inspected},
};

/// Everything that reading one page gives.
#[derive(Clone, Debug, PartialEq)]
pub struct PageReading {
    /// The words and the text.
    pub page: PageContent,
    /// The page as a picture; `page.width` x `page.height` pixels, so boxes fit it.
    pub image: EncodedImage,
}

/// Reads pages one after the other with one engine that stays loaded.
#[derive(Debug)]
pub struct Pipeline<E> {
    engine: E,
}

impl<E: OcrEngine> Pipeline<E> {
    /// Makes a pipeline around an engine.
    pub const fn new(engine: E) -> Self {
        Self { engine }
    }

    /// Reads page `index` (from 0): pixels, words, text, picture.
    ///
    /// # Errors
    /// What is wrong with this page; other pages of the document may still be read. A stage that panics is an
    /// [`OcrError::Engine`].
    pub fn read_page(&mut self, document: &Document, index: u32) -> Result<PageReading, OcrError> {
        contain(|| {
            let inspection = document.inspect(index)?;
            let mut raster = document.raster(index)?;
            let page = read_inspected(&inspection, &raster, |raster| self.read_raster(raster))?;
            let image = encode_page(&mut raster)?;
            Ok(PageReading { page, image })
        })
    }

    /// Reads page `index` (from 0) as [`Self::read_page`] does, but makes no picture: a page whose own text is kept
    /// is not drawn at all.
    ///
    /// # Errors
    /// As [`Self::read_page`].
    pub fn read_text(&mut self, document: &Document, index: u32) -> Result<PageContent, OcrError> {
        contain(|| {
            let inspection = document.inspect(index)?;
            if !inspection.needs_ocr {
                return Ok(own_page(&inspection, inspection.size));
            }
            let raster = document.raster(index)?;
            read_inspected(&inspection, &raster, |raster| self.read_raster(raster))
        })
    }

    /// Reads pixels.
    pub(crate) fn read_raster(&mut self, raster: &Raster) -> Result<PageContent, OcrError> {
        let words = self.recognise(raster)?.words;
        Ok(PageContent {
            width: raster.width,
            height: raster.height,
            dpi: raster.dpi,
            mean_confidence: mean_confidence(&words),
            text: join_words(&words),
            words,
            engine: self.engine.name_version(),
            ..PageContent::default()
        })
    }

    /// Recognises at a size the engine can take; boxes come back in pixels of `raster`, inside it.
    fn recognise(&mut self, raster: &Raster) -> Result<Recognition, OcrError> {
        let factor = shrink_factor(raster);
        let mut found = match factor {
            1 => self.engine.recognise(raster)?,
            _ => self.engine.recognise(&raster.shrink(factor))?,
        };
        let limits = [raster.width, raster.height, raster.width, raster.height];
        for word in &mut found.words {
            for (side, limit) in word.bounds.iter_mut().zip(limits) {
                *side = side.saturating_mul(factor).min(limit);
            }
            word.confidence = if word.confidence.is_finite() { word.confidence.clamp(0.0, 1.0) } else { 0.0 };
        }
        found.words.retain(|word| {
            let [left, top, right, bottom] = word.bounds;
            !word.text.trim().is_empty() && left < right && top < bottom
        });
        Ok(found)
    }
}

/// Reads a page that needs no engine and gives its picture too; `None` when it needs one.
pub(crate) fn read_own_page(document: &Document, index: u32) -> Result<Option<PageReading>, OcrError> {
    contain(|| {
        let inspection = document.inspect(index)?;
        if inspection.needs_ocr {
            return Ok(None);
        }
        let mut raster = document.raster(index)?;
        let page = own_page(&inspection, (raster.width, raster.height));
        Ok(Some(PageReading { page, image: encode_page(&mut raster)? }))
    })
}

/// Reads a page that needs no engine, without drawing it; `None` when it needs one.
pub(crate) fn read_own_text(document: &Document, index: u32) -> Result<Option<PageContent>, OcrError> {
    contain(|| {
        let inspection = document.inspect(index)?;
        Ok((!inspection.needs_ocr).then(|| own_page(&inspection, inspection.size)))
    })
}

/// Makes a panic an error of this page.
fn contain<T>(stages: impl FnOnce() -> Result<T, OcrError>) -> Result<T, OcrError> {
    catch_unwind(AssertUnwindSafe(stages)).unwrap_or(Err(OcrError::engine("it stopped unexpectedly on this page")))
}

/// Finds by how much a page is shrunk before recognition: a 600-dpi A3 page (70 megapixels) is read as it is, more
/// only costs memory; an engine's coordinates may be 16-bit, so no side is above 20,000 pixels.
fn shrink_factor(raster: &Raster) -> u32 {
    const MAX_PIXELS: u64 = 80_000_000;
    const MAX_SIDE: u32 = 20_000;
    let pixels = |factor: u32| u64::from(raster.width / factor) * u64::from(raster.height / factor);
    (1..).find(|&f| pixels(f) <= MAX_PIXELS && raster.width.max(raster.height) / f <= MAX_SIDE).unwrap_or(1)
}
