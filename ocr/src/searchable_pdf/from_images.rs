use std::collections::{BTreeMap, BTreeSet};

use hayro::kurbo::{Affine, Rect};
use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, dictionary};

use super::{
    UNWRITTEN, archive,
    font::{self, FontNeeds, Shape},
    layer::write_layer,
    picture::load_picture,
};
use crate::{Document, OcrError, PageContent};

/// Makes a new PDF with one page for each picture, at the picture's resolution; PDF/A-2b when `is_archive` asks for it.
pub(super) fn build(document: &Document, pages: &[Option<PageContent>], is_archive: bool) -> Result<Vec<u8>, OcrError> {
    let mut pdf = Pdf::with_version("1.7");
    let tree_id = pdf.new_object_id();
    let mut needs = FontNeeds::default();
    let mut sheets = Vec::new();
    for index in 0..document.page_count() {
        let text = pages.get(index as usize).and_then(Option::as_ref);
        sheets.push(add_sheet(&mut pdf, document, index, (text, is_archive), &mut needs));
    }
    let mut fonts = BTreeMap::new();
    if sheets.iter().any(|sheet| !sheet.shapes.is_empty()) {
        let made = font::make_fonts(&needs, || pdf.new_object_id());
        for (id, object) in made.objects {
            pdf.set_object(id, object);
        }
        fonts = made.places;
    }
    let kids: Vec<Object> =
        sheets.into_iter().map(|sheet| pdf.add_object(sheet.page(tree_id, &fonts, &needs)).into()).collect();
    let count = i64::try_from(kids.len()).unwrap_or(0);
    pdf.set_object(tree_id, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => tree_id };
    if is_archive {
        archive::mark(&mut pdf, &mut catalog, &document.bytes)?;
    }
    let catalog = pdf.add_object(catalog);
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    // objects packed together: the fonts are nearly alike
    pdf.save_modern(&mut bytes).map_err(|_| UNWRITTEN)?;
    Ok(bytes)
}

/// A page whose content is written, but not its dictionary: the fonts are numbered when all are known.
struct Sheet {
    /// In points.
    size: (f64, f64),
    picture: Option<ObjectId>,
    content: ObjectId,
    shapes: BTreeSet<Shape>,
}

fn add_sheet(
    pdf: &mut Pdf,
    document: &Document,
    index: u32,
    (text, is_archive): (Option<&PageContent>, bool),
    needs: &mut FontNeeds,
) -> Sheet {
    const A4: (f64, f64) = (595.0, 842.0);
    let mut content = Vec::new();
    let mut sheet = Sheet { size: A4, picture: None, content: (0, 0), shapes: BTreeSet::new() };
    if let Some(picture) = load_picture(document, index, text, is_archive) {
        let points = |pixels: u32| f64::from(pixels) * 72.0 / f64::from(picture.dpi.max(1));
        let (width, height) = (points(picture.size.0), points(picture.size.1));
        let [a, b, c, d, e, f] = picture.orientation.unit_square_matrix().map(f64::from);
        let place = Affine::scale_non_uniform(width, height) * Affine::new([a, b, c, d, e, f]);
        let numbers = place.as_coeffs().map(|value| format!("{value:.3}")).join(" ");
        content = format!("q\n{numbers} cm\n/Page Do\nQ\n").into_bytes();
        (sheet.size, sheet.picture) = ((width, height), Some(pdf.add_object(picture.stream)));
    }
    if let Some(text) = text.filter(|text| !text.words.is_empty()) {
        let (width, height) = sheet.size;
        let area = Rect::new(0.0, 0.0, width, height);
        let layer = write_layer(text, area, Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, height]), needs);
        content.extend(layer.content);
        sheet.shapes = layer.shapes;
    }
    sheet.content = pdf.add_object(font::compressed(content));
    sheet
}

impl Sheet {
    fn page(&self, tree_id: ObjectId, fonts: &BTreeMap<Shape, ObjectId>, needs: &FontNeeds) -> Dictionary {
        let mut resources = Dictionary::new();
        if let Some(picture) = self.picture {
            resources.set("XObject", dictionary! { "Page" => picture });
        }
        let font = |shape: &Shape| Some((needs.name(*shape), Object::from(*fonts.get(shape)?)));
        let fonts: Dictionary = self.shapes.iter().filter_map(font).collect();
        if !fonts.is_empty() {
            resources.set("Font", fonts);
        }
        #[expect(clippy::cast_possible_truncation, reason = "points of a page")]
        let [width, height] = [self.size.0, self.size.1].map(|side| Object::Real(side as f32));
        dictionary! {
            "Type" => "Page", "Parent" => tree_id, "MediaBox" => vec![0.into(), 0.into(), width, height],
            "Resources" => resources, "Contents" => self.content,
        }
    }
}
