use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{DefaultHasher, Hasher},
};

use hayro::kurbo::{Affine, Rect};
use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, Stream, dictionary};

use super::{
    Archive, UNWRITTEN, archive,
    font::{self, FontNeeds, Shape},
    layer::write_layer,
    picture::{Picture, load_picture},
};
use crate::{Document, OcrError, PageContent};

/// Makes a new PDF with one page for each picture, at the picture's resolution; PDF/A-2b when `is_archive` asks for it.
/// The pictures of a PDF are its pages.
pub(super) fn build(document: &Document, pages: &[Option<PageContent>], is_archive: bool) -> Result<Archive, OcrError> {
    let mut pdf = Pdf::with_version("1.7");
    let tree_id = pdf.new_object_id();
    let mut needs = FontNeeds::default();
    let mut sheets = Vec::new();
    let mut shared = Shared::default();
    for index in 0..document.page_count() {
        let text = pages.get(index as usize).and_then(Option::as_ref);
        let picture = load_picture(document, index, text, is_archive);
        sheets.push(add_sheet(&mut pdf, picture, text, &mut needs, &mut shared));
    }
    let drawn = (1..).zip(&sheets).filter(|(_, sheet)| sheet.is_drawn).map(|(number, _)| number).collect();
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
        archive::mark(&mut pdf, &mut catalog, document)?;
    }
    let catalog = pdf.add_object(catalog);
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    // objects packed together: the fonts are nearly alike
    pdf.save_modern(&mut bytes).map_err(|_| UNWRITTEN)?;
    Ok(Archive { bytes, drawn })
}

/// The streams of pictures, each once: scans of one machine have one profile, and some pages one picture.
#[derive(Default)]
struct Shared(HashMap<u64, Vec<ObjectId>>);

impl Shared {
    /// Adds a stream, and those that stand in its dictionary directly as objects of their own.
    fn add(&mut self, mut stream: Stream, pdf: &mut Pdf) -> ObjectId {
        stream.dict.iter_mut().for_each(|(_, part)| self.part(part, pdf));
        let mut hasher = DefaultHasher::new();
        hasher.write(&stream.content);
        let alike = self.0.entry(hasher.finish()).or_default();
        let is_same = |id: &&ObjectId| pdf.get_object(**id).and_then(Object::as_stream).is_ok_and(|it| *it == stream);
        if let Some(id) = alike.iter().find(is_same) {
            return *id;
        }
        let id = pdf.add_object(stream);
        alike.push(id);
        id
    }

    fn part(&mut self, object: &mut Object, pdf: &mut Pdf) {
        match object {
            Object::Array(parts) => parts.iter_mut().for_each(|part| self.part(part, pdf)),
            Object::Dictionary(parts) => parts.iter_mut().for_each(|(_, part)| self.part(part, pdf)),
            Object::Stream(stream) => *object = self.add(stream.clone(), pdf).into(),
            _ => {}
        }
    }
}

/// A page whose content is written, but not its dictionary: the fonts are numbered when all are known.
struct Sheet {
    /// In points.
    size: (f64, f64),
    picture: Option<ObjectId>,
    content: ObjectId,
    shapes: BTreeSet<Shape>,
    /// Whether its picture was drawn of a page that is more than one.
    is_drawn: bool,
}

fn add_sheet(
    pdf: &mut Pdf,
    picture: Option<Picture>,
    text: Option<&PageContent>,
    needs: &mut FontNeeds,
    shared: &mut Shared,
) -> Sheet {
    const A4: (f64, f64) = (595.0, 842.0);
    let mut content = Vec::new();
    let mut sheet = Sheet { size: A4, picture: None, content: (0, 0), shapes: BTreeSet::new(), is_drawn: false };
    let mut area = Rect::new(0.0, 0.0, A4.0, A4.1);
    if let Some(picture) = picture {
        (sheet.size, sheet.is_drawn, area) = (picture.sheet, picture.is_drawn, picture.area);
        let place = Affine::translate((area.x0, sheet.size.1 - area.y1))
            * Affine::scale_non_uniform(area.width(), area.height())
            * Affine::new(picture.orientation.unit_square_matrix().map(f64::from));
        let numbers = place.as_coeffs().map(|value| format!("{value:.3}")).join(" ");
        content = format!("q\n{numbers} cm\n/Page Do\nQ\n").into_bytes();
        sheet.picture = Some(shared.add(picture.stream, pdf));
    }
    if let Some(text) = text.filter(|text| !text.words.is_empty()) {
        let upwards = Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, sheet.size.1]);
        let layer = write_layer(text, area, upwards, needs);
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
