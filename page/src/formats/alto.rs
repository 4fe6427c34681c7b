use std::fmt::Write;

use super::{
    lines::{BlockWords, baseline, blocks, bounds_of},
    xml::Escaped,
};
use crate::{BlockKind, Bounds, PageContent, ReadBy, Word, is_right_to_left};

/// Writes what stands before the first page: unit, software, and the tags that blocks refer to.
pub(super) fn write_head(out: &mut String, title: &str, ReadBy { name, version }: ReadBy<'_>) {
    let version = version.map(|version| format!("<softwareVersion>{}</softwareVersion>", Escaped(version)));
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <alto xmlns=\"http://www.loc.gov/standards/alto/ns-v4#\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.loc.gov/standards/alto/ns-v4# \
         http://www.loc.gov/standards/alto/v4/alto-4-3.xsd\" SCHEMAVERSION=\"4.3\">\n\
         <Description>\n<MeasurementUnit>pixel</MeasurementUnit>\n\
         <sourceImageInformation><fileName>{}</fileName></sourceImageInformation>\n\
         <Processing ID=\"reading\"><processingCategory>contentGeneration</processingCategory>\
         <processingSoftware><softwareName>{}</softwareName>{}\
         </processingSoftware></Processing>\n</Description>\n<Tags>\n",
        Escaped(title),
        Escaped(name),
        version.unwrap_or_default()
    );
    for kind in [BlockKind::Heading, BlockKind::ListItem, BlockKind::Header, BlockKind::Footer, BlockKind::Table] {
        if let Some(tag) = tag_of(kind) {
            let _ = writeln!(out, "<StructureTag ID=\"{tag}\" LABEL=\"{tag}\"/>");
        }
    }
    out.push_str("</Tags>\n<Layout>\n");
}

pub(super) const TAIL: &str = "</Layout>\n</alto>\n";

/// Names the tag of a kind; running text has none.
fn tag_of(kind: BlockKind) -> Option<&'static str> {
    match kind {
        BlockKind::Paragraph => None,
        BlockKind::Heading => Some("heading"),
        BlockKind::ListItem => Some("list-item"),
        BlockKind::Header => Some("header"),
        BlockKind::Footer => Some("footer"),
        BlockKind::Table => Some("table"),
    }
}

pub(super) fn write_page(out: &mut String, number: u32, page: &PageContent) {
    let (width, height) = (page.width, page.height);
    let language = page.languages.first().map(|language| language_tag(&language.code)).unwrap_or_default();
    let _ = write!(
        out,
        "<Page ID=\"page_{number}\" PHYSICAL_IMG_NR=\"{number}\" WIDTH=\"{width}\" HEIGHT=\"{height}\" PC=\"{}\" \
         PROCESSINGREFS=\"reading\">\n\
         <PrintSpace HPOS=\"0\" VPOS=\"0\" WIDTH=\"{width}\" HEIGHT=\"{height}\">\n",
        share(page.mean_confidence)
    );
    let mut line = 0;
    for (block, words) in (1..).zip(blocks(page)) {
        write_block(out, &format!("{number}_{block}"), words, &language);
        for words in words.lines() {
            line += 1;
            write_line(out, &format!("{number}_{line}"), words, page.skew_deg);
        }
        out.push_str("</TextBlock>\n");
    }
    // the schema has no place for what a code says
    for (index, code) in (1..).zip(&page.barcodes) {
        let (format, place) = (Escaped(&code.format), place(code.bounds));
        let _ = writeln!(out, "<Illustration ID=\"code_{number}_{index}\" {place} TYPE=\"{format}\"/>");
    }
    out.push_str("</PrintSpace>\n</Page>\n");
}

/// Gives an attribute with a language as XML Schema has it; empty for what is none.
fn language_tag(code: &str) -> String {
    let tag = code.replace('_', "-");
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let starts_well = tag.split('-').next().is_some_and(|part| part.bytes().all(|b| b.is_ascii_alphabetic()));
    if starts_well && tag.split('-').all(is_part) { format!(" LANG=\"{tag}\"") } else { String::new() }
}

fn write_block(out: &mut String, id: &str, block: BlockWords<'_>, language: &str) {
    let tag = block.block.and_then(|block| tag_of(block.kind));
    let tag = tag.map(|tag| format!(" TAGREFS=\"{tag}\"")).unwrap_or_default();
    let direction = if is_right_to_left(&block.words[0].text) { "rtl" } else { "ltr" };
    let place = place(block.bounds());
    let _ = writeln!(out, "<TextBlock ID=\"block_{id}\"{tag} {place}{language} BASEDIRECTION=\"{direction}\">");
}

fn write_line(out: &mut String, id: &str, words: &[Word], skew_deg: f32) {
    let bounds = bounds_of(words);
    let base = baseline(words, skew_deg);
    let y = f64::from(bounds[3]) + base.offset;
    let end = y + base.slope * f64::from(bounds[2].saturating_sub(bounds[0]));
    let points = format!("{},{:.0} {},{:.0}", bounds[0], y.max(0.0), bounds[2], end.max(0.0));
    let _ = writeln!(out, "<TextLine ID=\"line_{id}\" {} BASELINE=\"{points}\">", place(bounds));
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push_str("<SP/>\n");
        }
        let start = format!("<String ID=\"word_{id}_{}\" {}", index + 1, place(word.bounds));
        let _ = write!(out, "{start} CONTENT=\"{}\" WC=\"{}\"", Escaped(&word.text), share(word.confidence));
        match word.polygon {
            Some([a, b, c, d, e, f, g, h]) => {
                let points = format!("{a},{b} {c},{d} {e},{f} {g},{h}");
                let _ = writeln!(out, "><Shape><Polygon POINTS=\"{points}\"/></Shape></String>");
            }
            None => out.push_str("/>\n"),
        }
    }
    out.push_str("</TextLine>\n");
}

fn place([left, top, right, bottom]: Bounds) -> String {
    let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
    format!("HPOS=\"{left}\" VPOS=\"{top}\" WIDTH=\"{width}\" HEIGHT=\"{height}\"")
}

/// A number from 0 to 1, which the schema insists on.
fn share(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
}
