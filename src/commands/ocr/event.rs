use std::time::Duration;

use serde::Serialize;
use untxt_ocr::{OcrError, PageContent, WarningCode};

use super::{
    format::Refusal,
    plain::plain,
    progress::{count_pages, speed},
};

/// What happens while documents are read, for whoever watches. It never tells what a page says.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum Event<'a> {
    #[serde(rename = "file.started")]
    FileStarted { file: &'a str, pages: usize },
    /// Pages were asked for that the file doesn't have.
    #[serde(rename = "pages.missing")]
    PagesMissing { file: &'a str, missing: String, page_count: u32 },
    /// The list of pages leads back to one of them, and nothing to what may come behind the last.
    #[serde(rename = "pages.circle")]
    PagesInCircle { file: &'a str, page_count: u32 },
    /// Pages of a PDF are pictures of themselves in the PDF/A.
    #[serde(rename = "pages.drawn")]
    PagesDrawn { file: &'a str, pages: &'a [u32] },
    /// The PDF is not the original with text on top.
    #[serde(rename = "pdf.remade")]
    PdfRemade { file: &'a str },
    /// The original is signed and was given out as it is.
    #[serde(rename = "pdf.signed")]
    PdfSigned { file: &'a str },
    /// The original has more than its pages, and the result has not.
    #[serde(rename = "parts.dropped")]
    PartsDropped { file: &'a str, format: &'a str, parts: Vec<&'static str> },
    /// Tables were asked for, and no page has any.
    #[serde(rename = "tables.missing")]
    TablesMissing { file: &'a str, format: &'a str },
    #[serde(rename = "page.done")]
    PageDone {
        file: &'a str,
        page: u32,
        words: usize,
        doubtful: usize,
        mean_confidence: f32,
        damaged: bool,
        seconds: f64,
    },
    #[serde(rename = "page.failed")]
    PageFailed { file: &'a str, page: u32, code: &'static str, message: String },
    #[serde(rename = "file.done")]
    FileDone { file: &'a str, pages: usize, failed: usize, outputs: &'a [String] },
    #[serde(rename = "file.failed")]
    FileFailed { file: &'a str, code: &'static str, message: String },
    #[serde(rename = "done")]
    Done { files: usize, failed_files: usize, pages: usize, failed_pages: usize, seconds: f64 },
}

impl<'a> Event<'a> {
    pub(super) fn file_failed(file: &'a str, Refusal { code, message }: Refusal) -> Self {
        Self::FileFailed { file, code, message }
    }

    pub(super) fn page(file: &'a str, page: u32, result: &Result<PageContent, OcrError>, took: Duration) -> Self {
        match result {
            Ok(content) => Self::PageDone {
                file,
                page,
                words: content.words.len(),
                doubtful: content.words.iter().filter(|word| word.is_doubtful).count(),
                mean_confidence: content.mean_confidence,
                damaged: content.warnings.iter().any(|warning| warning.code == WarningCode::Damaged),
                seconds: took.as_secs_f64(),
            },
            Err(error) => Self::PageFailed { file, page, code: error.code(), message: error.to_string() },
        }
    }

    /// Tells a person, if it is worth a line.
    pub(super) fn sentence(&self) -> Option<String> {
        Some(match self {
            Self::PageFailed { file, page, message, .. } => format!("untxt: {}: page {page}: {message}", plain(file)),
            Self::PageDone { file, page, damaged: true, .. } => {
                format!("untxt: {}: page {page}: the file is damaged; parts of the page may be missing", plain(file))
            }
            Self::FileFailed { file, message, .. } => format!("untxt: {}: {message}", plain(file)),
            Self::PagesMissing { file, missing, page_count } => {
                let has = count_pages(*page_count as usize);
                format!("untxt: {}: has {has} and no {missing}; the others are read", plain(file))
            }
            Self::PagesInCircle { file, page_count } => {
                let found = count_pages(*page_count as usize);
                let advice = "see in a viewer whether there are more";
                format!("untxt: {}: the file's list of pages runs in a circle; {found} found, {advice}", plain(file))
            }
            Self::TablesMissing { file, format } => {
                format!("untxt: {}: no table was found; the {format} is empty", plain(file))
            }
            Self::PagesDrawn { file, pages } => {
                let (are, first) = (if pages.len() == 1 { "is" } else { "are" }, pages.first().unwrap_or(&0));
                let count = count_pages(pages.len());
                format!(
                    "untxt: {}: {count} (first: {first}) {are} no scan and {are} kept as a picture with text in the PDF/A",
                    plain(file)
                )
            }
            Self::PdfRemade { file } => format!(
                "untxt: {}: the PDF is too damaged to be added to; the searchable one is new, with pictures of its pages",
                plain(file)
            ),
            Self::PdfSigned { file } => {
                format!("untxt: {}: the PDF is signed and is given out as it is; nothing had to be added", plain(file))
            }
            Self::PartsDropped { file, format, parts } => {
                format!("untxt: {}: the {format} has not the original's {}", plain(file), parts.join(", "))
            }
            Self::Done { files, failed_files, pages, failed_pages, seconds } => {
                let speed = speed(*pages, Duration::from_secs_f64(*seconds));
                let mut said = format!("{} in {seconds:.1} s, {speed} pages/s", count_pages(*pages));
                if *failed_pages > 0 {
                    said += &format!(", {failed_pages} failed");
                }
                if *failed_files > 0 {
                    said += &format!(", {failed_files} of {files} files failed");
                }
                said
            }
            Self::FileStarted { .. } | Self::PageDone { .. } | Self::FileDone { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_counts_what_failed() {
        let done = |failed_files, failed_pages| {
            Event::Done { files: 3, failed_files, pages: 5, failed_pages, seconds: 29.6 }.sentence().unwrap()
        };
        assert_eq!(done(0, 0), "5 pages in 29.6 s, 0.17 pages/s");
        assert_eq!(done(0, 2), "5 pages in 29.6 s, 0.17 pages/s, 2 failed");
        assert_eq!(done(1, 2), "5 pages in 29.6 s, 0.17 pages/s, 2 failed, 1 of 3 files failed");
    }

    #[test]
    fn damage_is_told() {
        let done = |damaged| Event::PageDone {
            file: "a",
            page: 2,
            words: 0,
            doubtful: 0,
            mean_confidence: 0.0,
            damaged,
            seconds: 0.0,
        };
        assert_eq!(done(false).sentence(), None);
        assert!(done(true).sentence().unwrap().starts_with("untxt: a: page 2: the file is damaged"));
    }

    #[test]
    fn missing_tables_are_told() {
        let said = Event::TablesMissing { file: "a", format: "csv" }.sentence().unwrap();
        assert_eq!(said, "untxt: a: no table was found; the csv is empty");
    }

    #[test]
    fn a_circle_is_told_with_the_pages_that_it_has() {
        let said = Event::PagesInCircle { file: "a", page_count: 2 }.sentence().unwrap();
        assert!(said.starts_with("untxt: a: the file's list of pages runs in a circle; 2 pages found"), "{said}");
    }

    #[test]
    fn drawn_pages_are_counted() {
        let said = |pages: &[u32]| Event::PagesDrawn { file: "a", pages }.sentence().unwrap();
        assert!(said(&[7]).starts_with("untxt: a: 1 page (first: 7) is no scan and is kept as a picture"));
        assert!(said(&[2, 9]).starts_with("untxt: a: 2 pages (first: 2) are no scan"));
    }

    #[test]
    fn what_is_left_out_is_named() {
        let parts = vec!["links", "forms"];
        let said = Event::PartsDropped { file: "a", format: "pdfa", parts }.sentence().unwrap();
        assert_eq!(said, "untxt: a: the pdfa has not the original's links, forms");
    }

    #[test]
    fn a_name_stays_in_its_line() {
        let failed = Event::FileFailed { file: "a\n\u{1b}[2Jb", code: "unreadable", message: "can't be read".into() };
        assert_eq!(failed.sentence().unwrap(), r"untxt: a\n\u{1b}[2Jb: can't be read");
    }
}
