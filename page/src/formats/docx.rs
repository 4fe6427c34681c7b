use std::{
    fmt::Write as _,
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use zip::{
    ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::{
    breaks::Measures,
    flow::{Marker, Part, join_text, parts, split_marker},
    text::one_line,
    xml::Escaped,
};
use crate::{BlockKind, Cell, PageContent, Table, is_right_to_left};

/// A text document in the making. The zip is written as a stream: what is done is taken out after each page.
#[derive(Debug)]
pub(super) struct Package {
    zip: ZipWriter<StreamWriter<Outlet>>,
    outlet: Outlet,
    has_pages: bool,
}

/// Where the zip writes to, and where its bytes are taken from.
#[derive(Clone, Debug, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Package {
    pub(super) fn new() -> io::Result<Self> {
        let outlet = Outlet::default();
        let mut zip = ZipWriter::new_stream(outlet.clone());
        for (name, content) in PARTS {
            zip.start_file(*name, SimpleFileOptions::default())?;
            zip.write_all(content.as_bytes())?;
        }
        zip.start_file("word/styles.xml", SimpleFileOptions::default())?;
        zip.write_all(styles().as_bytes())?;
        zip.start_file("word/document.xml", SimpleFileOptions::default())?;
        write!(zip, "{XML}<w:document {NAMESPACE}><w:body>")?;
        Ok(Self { zip, outlet, has_pages: false })
    }

    pub(super) fn add_page(&mut self, page: Option<&PageContent>) -> io::Result<Vec<u8>> {
        let mut body = String::new();
        if mem::replace(&mut self.has_pages, true) {
            body.push_str("<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>");
        }
        if let Some(page) = page {
            write_page(&mut body, page);
        }
        self.zip.write_all(body.as_bytes())?;
        Ok(self.outlet.take())
    }

    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        self.zip.write_all(b"<w:sectPr/></w:body></w:document>")?;
        self.zip.finish()?;
        Ok(self.outlet.take())
    }
}

fn write_page(body: &mut String, page: &PageContent) {
    let measures = Measures::of(page);
    for part in parts(page) {
        match part {
            Part::Text { kind, level, words } => write_block(body, kind, level, &join_text(&measures, words)),
            Part::Table(table) => write_table(body, table),
        }
    }
}

fn write_block(body: &mut String, kind: BlockKind, level: u8, text: &str) {
    match kind {
        BlockKind::Heading => {
            let style = format!("<w:pStyle w:val=\"Heading{}\"/>", level.clamp(1, 6));
            write_paragraph(body, &style, text);
        }
        BlockKind::ListItem => {
            let level = level.clamp(1, 6) - 1;
            match split_marker(text) {
                (Some(Marker::Bullet), rest) => {
                    let list = format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"1\"/></w:numPr>");
                    write_paragraph(body, &list, rest);
                }
                // the number that was read, not one that a program counts anew
                _ => {
                    let indent = format!("<w:ind w:left=\"{}\" w:hanging=\"360\"/>", 720 * (u32::from(level) + 1));
                    write_paragraph(body, &indent, text);
                }
            }
        }
        BlockKind::Paragraph | BlockKind::Header | BlockKind::Footer | BlockKind::Table => {
            write_paragraph(body, "", text);
        }
    }
}

/// Writes a paragraph; `properties` are in the order of the schema, before `w:bidi`'s only when they are a style or
/// a list.
fn write_paragraph(body: &mut String, properties: &str, text: &str) {
    let is_rtl = is_right_to_left(text);
    let (before, after) = if properties.starts_with("<w:ind") { ("", properties) } else { (properties, "") };
    let (bidi, rtl) = if is_rtl { ("<w:bidi/>", "<w:rPr><w:rtl/></w:rPr>") } else { ("", "") };
    let _ = write!(body, "<w:p><w:pPr>{before}{bidi}{after}</w:pPr><w:r>{rtl}");
    for (at, line) in text.split('\n').enumerate() {
        body.push_str(if at > 0 { "<w:br/>" } else { "" });
        let _ = write!(body, "<w:t xml:space=\"preserve\">{}</w:t>", Escaped(line));
    }
    body.push_str("</w:r></w:p>");
}

fn write_table(body: &mut String, table: &Table) {
    let columns = table.columns.clamp(1, MAX_COLUMNS);
    // a page's width between its margins, in twentieths of a point
    let width = 9000 / columns;
    body.push_str(
        "<w:tbl><w:tblPr><w:tblStyle w:val=\"TableGrid\"/><w:tblW w:w=\"0\" w:type=\"auto\"/></w:tblPr><w:tblGrid>",
    );
    body.push_str(&format!("<w:gridCol w:w=\"{width}\"/>").repeat(columns as usize));
    body.push_str("</w:tblGrid>");
    for row in 0..table.rows.min(MAX_ROWS) {
        body.push_str("<w:tr>");
        let mut column = 0;
        while column < columns {
            let cell = table.cells.iter().find(|cell| covers(cell, row, column));
            let span = cell.map_or(1, |cell| cell.column.saturating_add(cell.column_span).min(columns) - column).max(1);
            write_cell(body, cell, row, span);
            column += span;
        }
        body.push_str("</w:tr>");
    }
    // a table must not be the last thing of a document
    body.push_str("</w:tbl><w:p/>");
}

/// What the format allows, and more than a page can show.
const MAX_COLUMNS: u32 = 63;
const MAX_ROWS: u32 = 1000;

fn covers(cell: &Cell, row: u32, column: u32) -> bool {
    (cell.row..cell.row.saturating_add(cell.row_span.max(1))).contains(&row)
        && (cell.column..cell.column.saturating_add(cell.column_span.max(1))).contains(&column)
}

fn write_cell(body: &mut String, cell: Option<&Cell>, row: u32, span: u32) {
    body.push_str("<w:tc><w:tcPr>");
    if span > 1 {
        let _ = write!(body, "<w:gridSpan w:val=\"{span}\"/>");
    }
    let is_continued = cell.is_some_and(|cell| row > cell.row);
    if cell.is_some_and(|cell| cell.row_span > 1) {
        body.push_str(if is_continued { "<w:vMerge/>" } else { "<w:vMerge w:val=\"restart\"/>" });
    }
    body.push_str("</w:tcPr>");
    match cell.filter(|_| !is_continued) {
        Some(cell) => write_paragraph(body, "", &one_line(&cell.text)),
        None => body.push_str("<w:p/>"),
    }
    body.push_str("</w:tc>");
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const NAMESPACE: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";

/// Parts that are the same in every document.
const PARTS: &[(&str, &str)] = &[
    ("[Content_Types].xml", include_str!("docx/content_types.xml")),
    ("_rels/.rels", include_str!("docx/package.rels.xml")),
    ("word/_rels/document.xml.rels", include_str!("docx/document.rels.xml")),
    ("word/numbering.xml", include_str!("docx/numbering.xml")),
];

fn styles() -> String {
    let mut styles = format!(
        "{XML}<w:styles {NAMESPACE}><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\">\
         <w:name w:val=\"Normal\"/><w:pPr><w:spacing w:after=\"120\"/></w:pPr></w:style>"
    );
    // sizes in half points, from 16 pt down to 11 pt
    for (level, size) in (1..=6).zip([32, 28, 26, 24, 22, 22]) {
        let _ = write!(
            styles,
            "<w:style w:type=\"paragraph\" w:styleId=\"Heading{level}\"><w:name w:val=\"heading {level}\"/>\
             <w:basedOn w:val=\"Normal\"/><w:next w:val=\"Normal\"/><w:pPr><w:keepNext/><w:spacing w:before=\"240\"/>\
             <w:outlineLvl w:val=\"{}\"/></w:pPr><w:rPr><w:b/><w:sz w:val=\"{size}\"/></w:rPr></w:style>",
            level - 1
        );
    }
    styles.push_str(
        "<w:style w:type=\"table\" w:styleId=\"TableGrid\"><w:name w:val=\"Table Grid\"/><w:tblPr><w:tblBorders>",
    );
    for side in ["top", "left", "bottom", "right", "insideH", "insideV"] {
        let _ = write!(styles, "<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"auto\"/>");
    }
    styles.push_str("</w:tblBorders></w:tblPr></w:style></w:styles>");
    styles
}
