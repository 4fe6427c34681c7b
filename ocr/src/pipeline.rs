use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    Document, EncodedImage, OcrEngine, OcrError, PageContent, PageInspection, Preset, Raster,
    encode::encode_page,
    own_page::{own_page, read_inspected},
    prepare::square_pixels,
    reading::{read_once, read_upright},
    rotation::{Turning, turn_clockwise},
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
    preset: Preset,
}

impl<E: OcrEngine> Pipeline<E> {
    /// Makes a pipeline around an engine.
    pub const fn new(engine: E) -> Self {
        Self { engine, preset: Preset::Auto }
    }

    /// Prepares pages as this preset says; without, as each page itself asks for.
    #[must_use]
    pub fn with_preset(mut self, preset: Preset) -> Self {
        self.set_preset(preset);
        self
    }

    /// The same for the pages that are read from now on.
    pub(crate) const fn set_preset(&mut self, preset: Preset) {
        self.preset = preset;
    }

    /// Reads page `index` (from 0): pixels, words, text, picture.
    ///
    /// # Errors
    /// What is wrong with this page; other pages of the document may still be read. A stage that panics is an
    /// [`OcrError::Engine`].
    pub fn read_page(&mut self, document: &Document, index: u32) -> Result<PageReading, OcrError> {
        let inspection = document.inspect(index)?;
        self.read_drawn(document, index, &inspection)
    }

    /// Draws a page, reads it as its inspection says, and gives its picture too.
    pub(crate) fn read_drawn(
        &mut self,
        document: &Document,
        index: u32,
        inspection: &PageInspection,
    ) -> Result<PageReading, OcrError> {
        contain(|| {
            let mut raster = document.raster(index)?;
            let page = read_inspected(inspection, &raster, |raster, turning| self.read_raster(raster, turning))?;
            if let Some(turned) = turn_clockwise(&raster, page.rotation_applied) {
                raster = turned;
            }
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
            self.read_unread(document, index, &inspection)
        })
    }

    /// Draws and reads a page that needs an engine.
    pub(crate) fn read_unread(
        &mut self,
        document: &Document,
        index: u32,
        inspection: &PageInspection,
    ) -> Result<PageContent, OcrError> {
        contain(|| {
            let raster = document.raster(index)?;
            read_inspected(inspection, &raster, |raster, turning| self.read_raster(raster, turning))
        })
    }

    /// Reads pixels; boxes are in pixels of the page turned clockwise by [`PageContent::rotation_applied`].
    pub(crate) fn read_raster(&mut self, raster: &Raster, turning: Turning) -> Result<PageContent, OcrError> {
        let factor = shrink_factor(raster);
        let shrunk = (factor > 1).then(|| raster.shrink(factor));
        let square = square_pixels(shrunk.as_ref().unwrap_or(raster))?;
        let Some(fitting) = square.or(shrunk) else {
            return read_upright(&mut self.engine, raster, self.preset, turning);
        };
        let mut page = read_upright(&mut self.engine, &fitting, self.preset, turning)?;
        let is_upright = page.rotation_applied.is_multiple_of(180);
        let (width, height) = if is_upright { (raster.width, raster.height) } else { (raster.height, raster.width) };
        resize_page(&mut page, width, height);
        page.dpi = raster.dpi;
        Ok(page)
    }

    /// Reads a part of a page once, as it lies: what a trial needs.
    pub(crate) fn read_sample(&mut self, raster: &Raster) -> Result<PageContent, OcrError> {
        let square = square_pixels(raster)?;
        read_once(&mut self.engine, square.as_ref().unwrap_or(raster), self.preset)
    }
}

/// Reads a page that needs no engine and gives its picture too.
pub(crate) fn read_own_page(
    document: &Document,
    index: u32,
    inspection: &PageInspection,
) -> Result<PageReading, OcrError> {
    contain(|| {
        let mut raster = document.raster(index)?;
        let page = own_page(inspection, (raster.width, raster.height));
        Ok(PageReading { page, image: encode_page(&mut raster)? })
    })
}

/// Moves the words of a page that was read at another size onto the page of `width` x `height` pixels.
fn resize_page(page: &mut PageContent, width: u32, height: u32) {
    let axes = [(width, page.width), (height, page.height)];
    for word in &mut page.words {
        let corners = word.polygon.iter_mut().flat_map(|corners| corners.iter_mut().enumerate());
        for (place, side) in word.bounds.iter_mut().enumerate().chain(corners) {
            let (to, from) = axes[place % 2];
            let moved = u64::from(*side) * u64::from(to) / u64::from(from.max(1));
            *side = u32::try_from(moved).unwrap_or(u32::MAX).min(to);
        }
    }
    (page.width, page.height) = (width, height);
}

/// Makes a panic an error of this page.
pub(crate) fn contain<T>(stages: impl FnOnce() -> Result<T, OcrError>) -> Result<T, OcrError> {
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
