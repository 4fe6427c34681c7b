use std::io;

use super::{Format, alto, columns, csv, docx::Package, hocr, json, markdown, text, tsv, xlsx::Book};
use crate::{PageContent, ReadBy};

/// Writes a document's pages one after the other. It gives bytes back and keeps none but those of a workbook, so the
/// caller may send them before the next page is loaded.
///
/// ```
/// use untxt_page::{PageContent, formats::{Format, Writer}};
///
/// let mut writer = Writer::new(Format::Tsv, "letter.pdf");
/// let mut file = writer.page(1, Ok(&PageContent::default()))?;
/// file.extend(writer.page(2, Err("unreadable"))?);
/// file.extend(writer.finish()?);
/// assert!(file.starts_with(b"level\tpage_num"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer {
    format: Format,
    title: String,
    /// Pages so far.
    pages: u32,
    /// Length of the text so far, in Unicode characters.
    text_length: usize,
    /// Whether a table is written.
    has_tables: bool,
    book: Option<Book>,
    package: Option<Package>,
}

impl Writer {
    /// Begins a document; the title is what a person calls it, such as its file's name.
    #[must_use]
    pub fn new(format: Format, title: &str) -> Self {
        Self { format, title: title.into(), pages: 0, text_length: 0, has_tables: false, book: None, package: None }
    }

    /// Writes a page; an error is the code of why it could not be read, such as `unreadable`. Numbers count from 1 and no
    /// two pages share one.
    ///
    /// # Errors
    /// When a workbook or text document can't hold the page; all other formats hold any.
    pub fn page(&mut self, number: u32, page: Result<&PageContent, &str>) -> io::Result<Vec<u8>> {
        let blank = PageContent::default();
        let content = page.unwrap_or(&blank);
        let mut out = String::new();
        self.write_head(&mut out, content.read_by());
        self.pages += 1;
        match self.format {
            Format::Txt => text::write_page(&mut out, content),
            Format::Layout => columns::write_page(&mut out, content),
            Format::Json => self.text_length = json::write_page(&mut out, number, page, self.text_length)?,
            Format::Tsv => tsv::write_page(&mut out, number, content),
            Format::Hocr => hocr::write_page(&mut out, number, &self.title, content),
            Format::Alto => alto::write_page(&mut out, number, content),
            Format::Md => markdown::write_page(&mut out, content),
            Format::Csv => csv::write_page(&mut out, content, &mut self.has_tables),
            Format::Xlsx => {
                self.book.get_or_insert_with(Book::new).add_page(number, content)?;
            }
            Format::Docx => return self.package()?.add_page(page.ok()),
        }
        Ok(out.into_bytes())
    }

    /// Ends the document. Without a page it is an empty one.
    ///
    /// # Errors
    /// When a workbook or text document can't be put together.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        if self.format == Format::Docx {
            self.package()?;
            return self.package.map_or(Ok(Vec::new()), Package::finish);
        }
        if self.format == Format::Xlsx {
            return self.book.unwrap_or_else(Book::new).finish();
        }
        let mut out = String::new();
        if self.pages == 0 {
            self.write_head(&mut out, PageContent::default().read_by());
        }
        out.push_str(match self.format {
            Format::Json => "]}\n",
            Format::Hocr => hocr::TAIL,
            Format::Alto => alto::TAIL,
            _ => "",
        });
        Ok(out.into_bytes())
    }

    /// Writes the head before the first page, and what stands between two pages before all others.
    fn write_head(&self, out: &mut String, read_by: ReadBy<'_>) {
        let is_first = self.pages == 0;
        match self.format {
            // as Tesseract and poppler do
            Format::Txt | Format::Layout if !is_first => out.push('\u{c}'),
            Format::Md if !is_first => out.push_str(markdown::BETWEEN),
            Format::Json if !is_first => out.push_str(",\n"),
            Format::Json => json::write_head(out, &self.title),
            Format::Tsv if is_first => out.push_str(tsv::HEAD),
            Format::Hocr if is_first => hocr::write_head(out, &self.title, read_by),
            Format::Alto if is_first => alto::write_head(out, &self.title, read_by),
            _ => {}
        }
    }

    fn package(&mut self) -> io::Result<&mut Package> {
        let package = match self.package.take() {
            Some(package) => package,
            None => Package::new()?,
        };
        Ok(self.package.insert(package))
    }
}
