use std::{path::Path, str::FromStr};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use untxt_ocr::{Document, Making, OcrError, PageContent, Part, SearchablePdf, archive_pdf, searchable_pdf};
use untxt_page::formats::{self, Writer};

pub(super) type PageResult = Result<PageContent, OcrError>;

/// Why there is no result: a code for programs, a sentence for people.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl From<OcrError> for Refusal {
    fn from(error: OcrError) -> Self {
        let advice = match error {
            OcrError::Encrypted => ", or give the password with --password-file",
            OcrError::Signed => " (--copy-signed)",
            _ => "",
        };
        Self { code: error.code(), message: format!("{error}{advice}") }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self { code: "unwritten", message: format!("this format can't hold it: {error}") }
    }
}

/// A result, and what a person should know of it.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) bytes: Vec<u8>,
    /// Of a PDF, what it is of the original.
    pub(super) making: Option<Making>,
    /// Numbers of pages that are pictures of themselves in it.
    pub(super) drawn: Vec<u32>,
    /// What the original has and it has not.
    pub(super) dropped: Vec<Part>,
}

impl From<SearchablePdf> for Rendered {
    fn from(SearchablePdf { bytes, making, drawn, dropped }: SearchablePdf) -> Self {
        Self { bytes, making: Some(making), drawn, dropped }
    }
}

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// What the pages say.
    Pages(formats::Format),
    /// The document itself, with text that can be selected on top of the untouched scan.
    Pdf,
    /// The same for archives: PDF/A-2b.
    PdfA,
}

impl Default for Format {
    fn default() -> Self {
        Self::Pages(formats::Format::Txt)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::all().find(|format| format.name() == name).ok_or_else(|| format!("{name} is no format"))
    }
}

impl Format {
    /// Reads a format from the command line, and lists them all with what they are.
    pub(super) fn parser() -> impl TypedValueParser<Value = Self> {
        let values = Self::all().map(|format| PossibleValue::new(format.name()).help(format.help()));
        PossibleValuesParser::new(values).try_map(|name| name.parse())
    }

    /// Lists all of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        formats::Format::ALL.into_iter().map(Self::Pages).chain([Self::Pdf, Self::PdfA])
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pages(format) => format.name(),
            Self::Pdf => "pdf",
            Self::PdfA => "pdfa",
        }
    }

    const fn help(self) -> &'static str {
        use formats::Format;
        match self {
            Self::Pdf => "the scan itself, with invisible text to select and search",
            Self::PdfA => "the same for archives (PDF/A-2b); pages of PDFs that are no scans become pictures",
            Self::Pages(Format::Txt) => "running text, pages separated by form feeds",
            Self::Pages(Format::Layout) => "text with columns where they are on the page",
            Self::Pages(Format::Md) => "Markdown with headings, lists and tables",
            Self::Pages(Format::Docx) => "a text document",
            Self::Pages(Format::Csv) => "the tables",
            Self::Pages(Format::Xlsx) => "the tables, as a workbook",
            Self::Pages(Format::Json) => "words with boxes and confidence, layout, tables, quality of the scan",
            Self::Pages(Format::Tsv) => "Tesseract's table of words",
            Self::Pages(Format::Hocr) => "XHTML with boxes",
            Self::Pages(Format::Alto) => "ALTO 4 XML",
        }
    }

    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Pages(format) => format.extension(),
            Self::Pdf => "pdf",
            // beside a plain PDF in one folder
            Self::PdfA => "pdfa.pdf",
        }
    }

    /// Finds the format that a file is called after, if it ends as one does or with its name.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let ends = |format: &Self| name.ends_with(&format!(".{}", format.extension()));
        // .pdfa.pdf is more than .pdf
        let by_ending = Self::all().filter(ends).max_by_key(|format| format.extension().len());
        by_ending.or_else(|| Self::all().find(|format| name.ends_with(&format!(".{}", format.name()))))
    }

    /// Says whether a file may be called so: it ends as this format does, or as none.
    pub(super) fn suits(self, path: &Path) -> bool {
        let last = |format: Self| format.extension().rsplit('.').next();
        Self::of_file(path).is_none_or(|named| named == self || last(named) == last(self))
    }

    /// Says whether a terminal can show it.
    pub(super) const fn is_text(self) -> bool {
        !matches!(self, Self::Pdf | Self::PdfA | Self::Pages(formats::Format::Xlsx | formats::Format::Docx))
    }

    /// Says whether it holds nothing but tables.
    pub(super) const fn is_of_tables(self) -> bool {
        matches!(self, Self::Pages(formats::Format::Csv | formats::Format::Xlsx))
    }

    /// Says whether several documents, one after the other, are still of this format.
    pub(super) const fn can_be_joined(self) -> bool {
        use formats::Format::{Csv, Layout, Md, Tsv, Txt};
        matches!(self, Self::Pages(Txt | Layout | Md | Csv | Tsv))
    }

    /// Writes the pages of a document; `None` stands for a page that was not asked for.
    pub(super) fn render(
        self,
        title: &str,
        document: &Document,
        pages: &[Option<PageResult>],
    ) -> Result<Rendered, Refusal> {
        let read = || pages.iter().map(|page| page.as_ref()?.as_ref().ok().cloned()).collect::<Vec<_>>();
        let format = match self {
            Self::Pdf => return Ok(searchable_pdf(document, &read())?.into()),
            Self::PdfA => return Ok(archive_pdf(document, &read())?.into()),
            Self::Pages(format) => format,
        };
        let mut writer = Writer::new(format, title);
        let mut file = Vec::new();
        for (number, page) in (1..).zip(pages) {
            if let Some(page) = page {
                file.extend(writer.page(number, page.as_ref().map_err(OcrError::code))?);
            }
        }
        file.extend(writer.finish()?);
        Ok(Rendered { bytes: file, ..Rendered::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::all() {
            assert_eq!(format.name().parse(), Ok(format));
            assert!(format.is_text() || !format.can_be_joined());
        }
        assert_eq!(Format::all().count(), formats::Format::ALL.len() + 2);
        assert!("exe".parse::<Format>().is_err());
    }

    #[test]
    fn a_file_is_called_after_its_format() {
        let of = |name: &str| Format::of_file(Path::new(name)).map(Format::name);
        let found =
            ["a.pdf", "A.PDFA.PDF", "a.pdfa", "x/a.layout.txt", "a.layout", "a.txt", "a.exe", "txt", "a."].map(of);
        assert_eq!(
            found,
            [Some("pdf"), Some("pdfa"), Some("pdfa"), Some("layout"), Some("layout"), Some("txt"), None, None, None,]
        );
        let suits = |format: Format, name: &str| format.suits(Path::new(name));
        assert!(suits(Format::Pdf, "a.pdf") && suits(Format::PdfA, "a.pdf") && suits(Format::Pdf, "a.bin"));
        assert!(!suits(Format::Pdf, "a.txt") && !suits(Format::default(), "a.pdf"));
    }
}
