use std::fmt::Write;

use super::{
    lines::{BlockWords, baseline, blocks, bounds_of},
    xml::Escaped,
};
use crate::{Barcode, BlockKind, Bounds, PageContent, ReadBy, Word, is_right_to_left};

/// Writes what stands before the first page.
pub(super) fn write_head(out: &mut String, title: &str, ReadBy { name, version }: ReadBy<'_>) {
    let version = version.map(|version| format!(" {}", Escaped(version))).unwrap_or_default();
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
         \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n<head>\n\
         <title>{}</title>\n\
         <meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n\
         <meta name=\"ocr-system\" content=\"untxt {}{}\" />\n\
         <meta name=\"ocr-capabilities\" content=\"ocr_page ocr_carea ocr_par ocr_line ocrx_word ocr_table ocr_header \
         ocr_footer ocr_image ocrp_wconf ocrp_lang ocrp_dir ocrp_poly\" />\n</head>\n<body>\n",
        Escaped(title),
        Escaped(name),
        version
    );
}

pub(super) const TAIL: &str = "</body>\n</html>\n";

/// Writes a page. A slanted line has the slope of its baseline, in hOCR's own terms: relative to the bottom left
/// corner of its box.
pub(super) fn write_page(out: &mut String, number: u32, title: &str, page: &PageContent) {
    let dpi = page.dpi;
    let language = page.languages.first().map(|language| Escaped(&language.code).to_string());
    let language = language.map(|code| format!(" lang=\"{}\"", code.replace('_', "-"))).unwrap_or_default();
    let _ = writeln!(
        out,
        "<div class=\"ocr_page\" id=\"page_{number}\"{language} title=\"image &quot;{}&quot;; {}; ppageno {}; \
         scan_res {dpi} {dpi}\">",
        Escaped(&title.replace(['"', ';'], "_")),
        bbox([0, 0, page.width, page.height]),
        number.saturating_sub(1)
    );
    let mut place = Place { page: number, ..Place::default() };
    for block in blocks(page) {
        write_block(out, &mut place, block, page.skew_deg);
    }
    for (place, code) in (1..).zip(&page.barcodes) {
        write_code(out, number, place, code);
    }
    out.push_str("</div>\n");
}

/// Counts what has an id.
#[derive(Default)]
struct Place {
    page: u32,
    block: u32,
    line: u32,
    word: u32,
}

fn write_block(out: &mut String, place: &mut Place, block: BlockWords<'_>, skew_deg: f32) {
    place.block += 1;
    let (page, number, bounds) = (place.page, place.block, bbox(block.bounds()));
    let _ = writeln!(out, " <div class=\"ocr_carea\" id=\"block_{page}_{number}\" title=\"{bounds}\">");
    let float = match block.block.map(|block| block.kind) {
        Some(BlockKind::Table) => Some("ocr_table"),
        Some(BlockKind::Header) => Some("ocr_header"),
        Some(BlockKind::Footer) => Some("ocr_footer"),
        _ => None,
    };
    if let Some(class) = float {
        let _ = writeln!(out, "  <div class=\"{class}\" id=\"float_{page}_{number}\" title=\"{bounds}\">");
    }
    let direction = if is_right_to_left(&block.words[0].text) { "rtl" } else { "ltr" };
    let _ = writeln!(out, "  <p class=\"ocr_par\" id=\"par_{page}_{number}\" dir=\"{direction}\" title=\"{bounds}\">");
    for line in block.lines() {
        write_line(out, place, line, skew_deg);
    }
    out.push_str("  </p>\n");
    out.push_str(if float.is_some() { "  </div>\n" } else { "" });
    out.push_str(" </div>\n");
}

/// Writes a barcode as an image whose text is what it says.
fn write_code(out: &mut String, page: u32, place: u32, code: &Barcode) {
    let format: String = code.format.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let (bounds, value) = (bbox(code.bounds), Escaped(&code.value));
    let _ = writeln!(
        out,
        " <div class=\"ocr_image\" id=\"code_{page}_{place}\" title=\"{bounds}; x_barcode {format}\">{value}</div>"
    );
}

fn write_line(out: &mut String, place: &mut Place, words: &[Word], skew_deg: f32) {
    place.line += 1;
    let bounds = bounds_of(words);
    let base = baseline(words, skew_deg);
    let (slope, offset) = (base.slope, base.offset);
    let _ = writeln!(
        out,
        "   <span class=\"ocr_line\" id=\"line_{}_{}\" title=\"{}; baseline {slope:.4} {offset:.1}; x_size {}\">",
        place.page,
        place.line,
        bbox(bounds),
        bounds[3].saturating_sub(bounds[1])
    );
    for word in words {
        place.word += 1;
        let polygon = word.polygon.map(|polygon| format!("; poly {}", polygon.map(|n| n.to_string()).join(" ")));
        let _ = writeln!(
            out,
            "    <span class=\"ocrx_word\" id=\"word_{}_{}\" title=\"{}; x_wconf {:.0}{}\">{}</span>",
            place.page,
            place.word,
            bbox(word.bounds),
            word.confidence * 100.0,
            polygon.unwrap_or_default(),
            Escaped(&word.text)
        );
    }
    out.push_str("   </span>\n");
}

fn bbox([left, top, right, bottom]: Bounds) -> String {
    format!("bbox {left} {top} {right} {bottom}")
}
