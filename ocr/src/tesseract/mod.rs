use std::{ffi::CString, fs, path::Path};

use ::tesseract::PageSegMode;

use crate::{LanguageData, OcrEngine, OcrError, Raster, Recognition, Word};

mod api;
mod layout;
mod line_reader;
mod pix;
mod place;
mod table;
mod walk;

use api::Api;
use layout::{Region, find_lines};
use line_reader::{GreyLine, LineReader};
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
    line_reader: Option<LineReader>,
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
        let line_reader = load_line_reader(languages, folder);
        let folder = CString::new(folder.as_os_str().as_encoded_bytes()).map_err(|_| NO_DATA)?;
        let languages = CString::new(languages).map_err(|_| NO_DATA)?;
        let mut api = Api::new(&folder, &languages)?;
        // what it says while working may quote the page
        api.set_variable(c"debug_file", c"/dev/null")?;
        api.set_page_seg_mode(PageSegMode::PsmAuto.as_tess_page_seg_mode());
        Ok(Self { api, line_reader })
    }

    /// Leaves the reading of lines to Tesseract itself.
    #[must_use]
    pub fn without_line_reader(self) -> Self {
        Self { line_reader: None, ..self }
    }
}

/// Our reader reads one language at a time; with several, Tesseract decides between them word by word.
fn load_line_reader(languages: &str, folder: &Path) -> Option<LineReader> {
    let data = fs::read(folder.join(format!("{languages}.traineddata"))).ok()?;
    LineReader::new(&data).ok()
}

const NO_DATA: OcrError = OcrError::engine("the language data can't be loaded");
/// Without a resolution it must be told the least credible one, as its own program does.
const UNKNOWN_DPI: u32 = 70;
/// Smaller pictures hold no text, and its layout analysis complains about them.
const MIN_SIDE: u32 = 8;

impl OcrEngine for TesseractEngine {
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError> {
        if page.width < MIN_SIDE || page.height < MIN_SIDE || page.is_blank() {
            return Ok(Recognition::default());
        }
        self.api.set_page(page, if page.is_dpi_known { page.dpi } else { UNKNOWN_DPI })?;
        if let Some(reader) = &self.line_reader {
            let regions = find_lines(&mut self.api, page.width, page.height);
            return Ok(Recognition { words: read_regions(&mut self.api, reader, &regions) });
        }
        self.api.recognise()?;
        Ok(Recognition { words: parse_table(&self.api.table()?) })
    }

    fn name_version(&self) -> String {
        format!("tesseract {}", Api::version())
    }
}

fn read_regions(api: &mut Api, reader: &LineReader, regions: &[Region]) -> Vec<Word> {
    let cut = |region: &Region| {
        let (width, pixels) = api.cut(region.cut, region.up, reader.height()).unwrap_or_default();
        GreyLine { width, pixels }
    };
    let lines: Vec<_> = regions.iter().map(cut).collect();
    let mut words = Vec::new();
    for (region, read) in regions.iter().zip(reader.read(&lines)) {
        #[expect(clippy::cast_precision_loss, reason = "sides of a page")]
        let pixels_a_step = region.height() as f32 / reader.height() as f32 * reader.pixels_a_step();
        place_words(region, read, pixels_a_step, &mut words);
    }
    words
}
