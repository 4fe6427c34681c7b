//! Writes read pages as files: text, tables and marked-up text, one file per format.
//!
//! Promises: every format comes from the same words in the same order; whatever a word holds, the file is well
//! formed; a document is written page by page and never held as a whole (the workbook, which holds tables only,
//! excepted). Refuses to know: where the bytes go, and PDF, which needs the original.

mod alto;
mod breaks;
mod columns;
mod csv;
mod docx;
mod flow;
mod hocr;
mod json;
mod lines;
mod markdown;
mod text;
mod tsv;
mod writer;
mod xlsx;
mod xml;

pub use csv::write_table;
pub use json::SCHEMA as JSON_SCHEMA;
pub use writer::Writer;

use serde::{Deserialize, Serialize};

/// The formats that a document's pages can be written in. PDF is made elsewhere, from the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Flowing text: a paragraph is one line, a blank line stands between paragraphs.
    Txt,
    /// Text with columns where they are on the page, for a monospaced font.
    Layout,
    /// Words with boxes and confidence, layout, tables, quality; described by [`JSON_SCHEMA`].
    Json,
    /// A row for each block, line and word, with the columns of Tesseract.
    Tsv,
    /// hOCR 1.2: XHTML with boxes.
    Hocr,
    /// ALTO 4: the XML of libraries and archives.
    Alto,
    /// Markdown with headings, lists and tables.
    Md,
    /// The tables, as comma-separated values.
    Csv,
    /// The tables, as a workbook with a sheet for each.
    Xlsx,
    /// A text document with headings, lists and tables.
    Docx,
}

impl Format {
    /// All formats, in the order in which a person would look for them.
    pub const ALL: [Self; 10] = [
        Self::Txt,
        Self::Layout,
        Self::Md,
        Self::Docx,
        Self::Csv,
        Self::Xlsx,
        Self::Json,
        Self::Tsv,
        Self::Hocr,
        Self::Alto,
    ];

    /// Gives the name that is used in commands and addresses, such as `txt`; the same as in serde.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Txt => "txt",
            Self::Layout => "layout",
            Self::Json => "json",
            Self::Tsv => "tsv",
            Self::Hocr => "hocr",
            Self::Alto => "alto",
            Self::Md => "md",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Docx => "docx",
        }
    }

    /// Finds a format by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Gives the ending of a file's name, without a dot. The endings differ, so that all formats fit in one folder.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Layout => "layout.txt",
            Self::Alto => "alto.xml",
            _ => self.name(),
        }
    }

    /// Gives the media type, with the character set of text.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Txt | Self::Layout => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Hocr => "application/xhtml+xml; charset=utf-8",
            Self::Alto => "application/xml; charset=utf-8",
            Self::Md => "text/markdown; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_format_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Format::ALL.iter().map(|format| format.name()).collect();
        let endings: BTreeSet<_> = Format::ALL.iter().map(|format| format.extension()).collect();
        assert_eq!((names.len(), endings.len()), (Format::ALL.len(), Format::ALL.len()));
        for format in Format::ALL {
            assert_eq!(Format::find(format.name()), Some(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
        assert_eq!(Format::find("pdf"), None);
    }
}
