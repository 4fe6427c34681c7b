use std::{ffi::CString, fs, path::Path};

use ::tesseract::PageSegMode;

use crate::{LanguageData, Layout, OcrEngine, OcrError, Raster, Recognition, Word};

mod api;
mod layout;
mod line_reader;
mod pix;
mod place;
mod table;
mod walk;

use api::Api;
use layout::{Region, find_lines};
use line_reader::{GreyLine, LineReader, read_lines};
use place::place_words;
use table::parse_table;

/// Tesseract, loaded once and kept for many pages. Its layout analysis finds the lines; its networks read them, in
/// [our reader](line_reader) where that knows the model, else in Tesseract's own.
///
/// One thread reads with one engine; set `OMP_THREAD_LIMIT=1` before the process starts, since several threads inside
/// one page only burn CPU.
#[derive(Debug)]
pub struct TesseractEngine {
    api: Api,
    /// one a language; none where Tesseract reads itself
    line_readers: Vec<LineReader>,
}

impl TesseractEngine {
    /// Loads the languages, such as `eng` or `deu+eng`.
    ///
    /// # Errors
    /// [`OcrError::LanguageMissing`] names the first language that is not installed; [`OcrError::Engine`] when its
    /// data can't be loaded.
    pub fn new(languages: &str, data: &LanguageData) -> Result<Self, OcrError> {
        data.check(languages.split('+'))?;
        let folder = data.folder();
        let line_readers = load_line_readers(languages, folder).unwrap_or_default();
        let folder = CString::new(folder.as_os_str().as_encoded_bytes()).map_err(|_| NO_DATA)?;
        let languages = CString::new(languages).map_err(|_| NO_DATA)?;
        let mut api = Api::new(&folder, &languages)?;
        // what it says while working may quote the page
        api.set_variable(c"debug_file", c"/dev/null")?;
        // a fixed pitch would only part words, which the networks do themselves; looking for it takes a tenth of a page
        api.set_variable(c"textord_disable_pitch_test", c"1")?;
        Ok(Self { api, line_readers })
    }

    /// Leaves the reading of lines to Tesseract itself.
    #[must_use]
    pub fn without_line_reader(self) -> Self {
        Self { line_readers: Vec::new(), ..self }
    }
}

/// Loads a reader for each language; none if one of them is not for our reader, or takes lines of another height.
fn load_line_readers(languages: &str, folder: &Path) -> Option<Vec<LineReader>> {
    let load = |language| {
        let data = fs::read(folder.join(format!("{language}.traineddata"))).ok()?;
        LineReader::new(&data).ok()
    };
    let readers = languages.split('+').map(load).collect::<Option<Vec<_>>>()?;
    let is_of_one_height = readers.iter().all(|reader| reader.height() == readers[0].height());
    is_of_one_height.then_some(readers)
}

const NO_DATA: OcrError = OcrError::engine("the language data can't be loaded");
/// Without a resolution it must be told the least credible one, as its own program does.
const UNKNOWN_DPI: u32 = 70;
/// Smaller pictures hold no text, and its layout analysis complains about them.
const MIN_SIDE: u32 = 8;

impl OcrEngine for TesseractEngine {
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError> {
        self.recognise_as(page, Layout::Unknown)
    }

    fn recognise_as(&mut self, page: &Raster, layout: Layout) -> Result<Recognition, OcrError> {
        if page.width < MIN_SIDE || page.height < MIN_SIDE || page.is_blank() {
            return Ok(Recognition::default());
        }
        let mode = match layout {
            Layout::Unknown => PageSegMode::PsmAuto,
            Layout::Column => PageSegMode::PsmSingleColumn,
            Layout::Lines => PageSegMode::PsmSingleBlock,
            Layout::Scattered => PageSegMode::PsmSparseText,
        };
        self.api.set_page_seg_mode(mode.as_tess_page_seg_mode());
        self.api.set_page(page, if page.is_dpi_known { page.dpi } else { UNKNOWN_DPI })?;
        if !self.line_readers.is_empty() {
            let regions = find_lines(&mut self.api, page.width, page.height);
            return Ok(Recognition { words: read_regions(&mut self.api, &self.line_readers, &regions) });
        }
        self.api.recognise()?;
        Ok(Recognition { words: parse_table(&self.api.table()?) })
    }

    fn name_version(&self) -> String {
        format!("tesseract {}", Api::version())
    }
}

fn read_regions(api: &mut Api, readers: &[LineReader], regions: &[Region]) -> Vec<Word> {
    let Some((height, step)) = readers.first().map(|first| (first.height(), first.pixels_a_step())) else {
        return Vec::new();
    };
    let cut = |region: &Region| {
        let (width, pixels) = api.cut(region.cut, region.up, height).unwrap_or_default();
        GreyLine { width, pixels }
    };
    let lines: Vec<_> = regions.iter().map(cut).collect();
    let mut words = Vec::new();
    for (region, read) in regions.iter().zip(read_lines(readers, &lines)) {
        #[expect(clippy::cast_precision_loss, reason = "sides of a page")]
        let pixels_a_step = region.height() as f32 / height as f32 * step;
        place_words(region, read, pixels_a_step, &mut words);
    }
    words
}
