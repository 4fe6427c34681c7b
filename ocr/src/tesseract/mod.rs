use std::ffi::CString;

use ::tesseract::{
    PageSegMode,
    plumbing::{TessBaseApi, leptonica_plumbing::leptonica_sys, version},
};

use crate::{LanguageData, OcrEngine, OcrError, Pixels, Raster, Recognition, Word};

/// Tesseract, loaded once and kept for many pages. One thread reads with one engine; set `OMP_THREAD_LIMIT=1` before
/// the process starts, since several threads inside one page only burn CPU.
#[derive(Debug)]
pub struct TesseractEngine {
    api: TessBaseApi,
}

impl TesseractEngine {
    /// Loads the languages, such as `eng` or `deu+eng`.
    ///
    /// # Errors
    /// [`OcrError::LanguageMissing`] names the first language that is not installed; [`OcrError::Engine`] when its
    /// data can't be loaded.
    pub fn new(languages: &str, data: &LanguageData) -> Result<Self, OcrError> {
        data.check(languages.split('+'))?;
        silence_leptonica();
        let mut api = TessBaseApi::create();
        let folder = CString::new(data.folder().as_os_str().as_encoded_bytes()).map_err(|_| NO_DATA)?;
        let languages = CString::new(languages).map_err(|_| NO_DATA)?;
        api.init_2(Some(&folder), Some(&languages)).map_err(|_| NO_DATA)?;
        // what it says while working may quote the page
        api.set_variable(c"debug_file", c"/dev/null").map_err(|_| OcrError::engine("a setting was refused"))?;
        api.set_page_seg_mode(PageSegMode::PsmAuto.as_tess_page_seg_mode());
        Ok(Self { api })
    }

    fn set_page(&mut self, page: &Raster) -> Result<(), OcrError> {
        let (bytes, bytes_per_pixel, row_bytes) = match &page.pixels {
            Pixels::Bilevel(bytes) => (bytes, 0, page.width.div_ceil(8)),
            Pixels::Gray8(bytes) => (bytes, 1, page.width),
            Pixels::Rgb8(bytes) => (bytes, 3, page.width * 3),
        };
        let [width, height, row_bytes] = [page.width, page.height, row_bytes].map(i32::try_from);
        let (Ok(width), Ok(height), Ok(row_bytes)) = (width, height, row_bytes) else { return Err(TOO_LARGE) };
        self.api.set_image(bytes, width, height, bytes_per_pixel, row_bytes).map_err(|_| TOO_LARGE)?;
        // without a resolution it must be told the least credible one, as its own program does
        let dpi = if page.is_dpi_known { i32::try_from(page.dpi).unwrap_or(UNKNOWN_DPI) } else { UNKNOWN_DPI };
        self.api.set_source_resolution(dpi);
        Ok(())
    }
}

const NO_DATA: OcrError = OcrError::engine("the language data can't be loaded");
const TOO_LARGE: OcrError = OcrError::engine("the page is too large for it");
const UNKNOWN_DPI: i32 = 70;
/// Smaller pictures hold no text, and its layout analysis complains about them.
const MIN_SIDE: u32 = 8;

impl OcrEngine for TesseractEngine {
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError> {
        if page.width < MIN_SIDE || page.height < MIN_SIDE || page.is_blank() {
            return Ok(Recognition::default());
        }
        self.set_page(page)?;
        self.api.recognize().map_err(|_| OcrError::engine("it gave up on the page"))?;
        let table = self.api.get_tsv_text(0).map_err(|_| OcrError::engine("it gave no result"))?;
        Ok(Recognition { words: parse_table(&table.as_ref().to_string_lossy()) })
    }

    fn name_version(&self) -> String {
        format!("tesseract {}", version().to_string_lossy())
    }
}

#[expect(unsafe_code, reason = "leptonica has no safe binding for this")]
fn silence_leptonica() {
    // SAFETY: sets one global integer of leptonica; the value is one of its own levels.
    unsafe { leptonica_sys::setMsgSeverity(6) };
}

/// Reads Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
/// Our block is its paragraph; both count from 0 over the page.
fn parse_table(table: &str) -> Vec<Word> {
    const WORD: u32 = 5;
    let mut words: Vec<Word> = Vec::new();
    let mut place = None;
    for row in table.lines() {
        let mut cells = row.splitn(12, '\t');
        let mut number = || cells.next().and_then(|cell| cell.parse::<u32>().ok());
        let Some([level, _page, block, paragraph, line, _word, left, top, width, height]) = read_all(&mut number)
        else {
            continue;
        };
        let (Some(confidence), Some(text)) = (cells.next().and_then(|cell| cell.parse::<f32>().ok()), cells.next())
        else {
            continue;
        };
        let text = text.trim();
        if level != WORD || confidence < 0.0 || text.is_empty() {
            continue;
        }
        let (line_index, block_index) = match (place, words.last()) {
            (Some(before), Some(last)) if before == (block, paragraph, line) => (last.line, last.block),
            (Some((b, p, _)), Some(last)) if (b, p) == (block, paragraph) => (last.line + 1, last.block),
            (_, Some(last)) => (last.line + 1, last.block + 1),
            (_, None) => (0, 0),
        };
        place = Some((block, paragraph, line));
        words.push(Word {
            text: text.to_owned(),
            confidence: confidence / 100.0,
            bounds: [left, top, left + width, top + height],
            line: line_index,
            block: block_index,
            ..Word::default()
        });
    }
    words
}

fn read_all<const N: usize>(next: &mut impl FnMut() -> Option<u32>) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = next()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_with_their_lines_and_blocks() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t\n\
            5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.5\tHello\n\
            5\t1\t1\t1\t1\t2\t50\t20\t30\t12\t80\tworld\n\
            5\t1\t1\t1\t2\t1\t10\t40\t30\t12\t70\tagain\n\
            5\t1\t2\t1\t1\t1\t10\t60\t30\t12\t95\t \n\
            5\t1\t3\t1\t1\t1\t10\t80\t30\t12\t60\tnew\n";
        let words = parse_table(table);
        let places: Vec<_> = words.iter().map(|w| (w.text.as_str(), w.line, w.block)).collect();
        assert_eq!(places, [("Hello", 0, 0), ("world", 0, 0), ("again", 1, 0), ("new", 2, 1)]);
        assert_eq!(words[0].bounds, [10, 20, 40, 32]);
        assert!((words[0].confidence - 0.965).abs() < 1e-6);
    }
}
