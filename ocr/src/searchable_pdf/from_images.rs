use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher},
};

use hayro::kurbo::{Affine, Point, Rect};
use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, SaveOptions, Stream, dictionary};

use super::{
    Making, SearchablePdf, UNWRITTEN, archive,
    font::{self, Typeface},
    kept,
    layer::Layer,
    pen::write_layer,
    picture::{Picture, load_picture},
};
use crate::{
    Document, OcrError, PageContent,
    document::{Kind, Target},
};

/// Makes a new PDF with one page for each picture, at the picture's resolution; PDF/A-2b when `is_archive` asks for it.
/// The pictures of a PDF are its pages.
pub(super) fn build(
    document: &Document,
    pages: &[Option<PageContent>],
    is_archive: bool,
) -> Result<SearchablePdf, OcrError> {
    let mut pdf = Pdf::with_version("1.7");
    let tree_id = pdf.new_object_id();
    let mut sheets = Vec::new();
    let mut shared = Shared::default();
    for index in 0..document.page_count() {
        let text = pages.get(index as usize).and_then(Option::as_ref);
        let picture = load_picture(document, index, text, is_archive);
        sheets.push(add_sheet(&mut pdf, picture, text, &mut shared));
    }
    let places: Vec<Option<Affine>> = (0..).zip(&sheets).map(|(index, sheet)| sheet.place(document, index)).collect();
    let drawn = (1..).zip(&sheets).filter(|(_, sheet)| sheet.is_drawn).map(|(number, _)| number).collect();
    let typeface = Typeface::of(sheets.iter().filter_map(|sheet| sheet.layer.as_ref()));
    let fonts = typeface.make_fonts(|object| pdf.add_object(object));
    let fonts = pdf.add_object(fonts);
    let mut kids: Vec<Object> = Vec::new();
    for (index, sheet) in (0..).zip(sheets) {
        let mut page = sheet.write(&mut pdf, (tree_id, fonts), &typeface);
        if let Some(unit) = document.user_unit(index) {
            page.set("UserUnit", unit);
        }
        kids.push(pdf.add_object(page).into());
    }
    let beside = document.beside();
    let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => tree_id };
    let place = |target: Target| {
        let index = target.page as usize;
        Some(write_place(target, kids.get(index)?, *places.get(index)?))
    };
    kept::keep(&mut pdf, &mut catalog, &beside, place);
    let count = i64::try_from(kids.len()).unwrap_or(0);
    pdf.set_object(tree_id, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    if is_archive {
        archive::mark(&mut pdf, &mut catalog, document, &beside.about)?;
    }
    let catalog = pdf.add_object(catalog);
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    // objects packed together: the fonts are nearly alike
    let packed = SaveOptions::builder().use_object_streams(true).use_xref_streams(true).compression_level(9).build();
    pdf.save_with_options(&mut bytes, packed).map_err(|_| UNWRITTEN)?;
    let dropped = beside.parts.into_iter().collect();
    Ok(SearchablePdf { bytes, making: Making::New, drawn, dropped })
}

/// Writes a place of the original as one of the new file: `to_sheet` leads from the coordinates of its page to those of
/// the new one. Without it, or without a place, the whole page is meant.
fn write_place(target: Target, page: &Object, to_sheet: Option<Affine>) -> Object {
    let whole = || vec![page.clone(), "Fit".into()].into();
    let Some(to_sheet) = to_sheet else { return whole() };
    let point = to_sheet * Point::new(target.left.unwrap_or(0.0), target.top.unwrap_or(0.0));
    let [_, turned, ..] = to_sheet.as_coeffs();
    let known = match (target.left, target.top) {
        (None, None) => return whole(),
        (Some(_), Some(_)) => [Some(point.x), Some(point.y)],
        // the other side of the new page
        _ if turned.abs() > 0.5 => return whole(),
        (left, top) => [left.map(|_| point.x), top.map(|_| point.y)],
    };
    #[expect(clippy::cast_possible_truncation, reason = "points of a page")]
    let [x, y] = known.map(|side| side.map_or(Object::Null, |side| Object::Real(side as f32)));
    vec![page.clone(), "XYZ".into(), x, y, Object::Null].into()
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

/// A page whose picture is placed, but whose text is not written: the fonts are made when all pages are known.
struct Sheet {
    /// In points.
    size: (f64, f64),
    /// Images that its content draws, by name.
    images: Vec<(String, ObjectId)>,
    content: Vec<u8>,
    layer: Option<Layer>,
    /// Whether its picture was drawn of a page that is more than one.
    is_drawn: bool,
}

fn add_sheet(pdf: &mut Pdf, picture: Option<Picture>, text: Option<&PageContent>, shared: &mut Shared) -> Sheet {
    const A4: (f64, f64) = (595.0, 842.0);
    let mut sheet = Sheet { size: A4, images: Vec::new(), content: Vec::new(), layer: None, is_drawn: false };
    let mut area = Rect::new(0.0, 0.0, A4.0, A4.1);
    if let Some(picture) = picture {
        (sheet.size, sheet.is_drawn, area) = (picture.sheet, picture.is_drawn, picture.area);
        let upwards = sheet.upwards();
        for (number, image) in picture.images.into_iter().enumerate() {
            let place = (upwards * image.place).as_coeffs().map(|value| format!("{value:.3}")).join(" ");
            let ink = image.ink.map(|ink| ink.map(|part| format!("{:.3} ", f64::from(part) / 255.0)).concat() + "rg\n");
            let (ink, name) = (ink.unwrap_or_default(), format!("I{number}"));
            sheet.content.extend(format!("q\n{ink}{place} cm\n/{name} Do\nQ\n").bytes());
            sheet.images.push((name, shared.add(image.stream, pdf)));
        }
    }
    let upwards = sheet.upwards();
    sheet.layer = text.filter(|text| !text.words.is_empty()).map(|text| Layer::of(text, area, upwards));
    sheet
}

impl Sheet {
    /// Leads from the coordinates of its page in a PDF to its own.
    fn place(&self, document: &Document, index: u32) -> Option<Affine> {
        let Kind::Pdf(file) = &document.kind else { return None };
        if self.images.is_empty() {
            return None;
        }
        Some(self.upwards() * file.placement(index).ok()?.to_user_space.inverse())
    }

    /// Leads from y downwards to upwards.
    const fn upwards(&self) -> Affine {
        Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, self.size.1])
    }

    /// Writes its content; gives its dictionary.
    fn write(self, pdf: &mut Pdf, (tree_id, fonts): (ObjectId, ObjectId), typeface: &Typeface) -> Dictionary {
        let mut resources = Dictionary::new();
        let mut content = self.content;
        if !self.images.is_empty() {
            let images: Dictionary = self.images.into_iter().map(|(name, id)| (name.into_bytes(), id.into())).collect();
            resources.set("XObject", images);
        }
        if let Some(layer) = &self.layer {
            resources.set("Font", fonts);
            content.extend(write_layer(layer, typeface));
        }
        let content = pdf.add_object(font::compressed(content));
        #[expect(clippy::cast_possible_truncation, reason = "points of a page")]
        let [width, height] = [self.size.0, self.size.1].map(|side| Object::Real(side as f32));
        dictionary! {
            "Type" => "Page", "Parent" => tree_id, "MediaBox" => vec![0.into(), 0.into(), width, height],
            "Resources" => resources, "Contents" => content,
        }
    }
}
