use std::collections::BTreeSet;

use fax::{Color, VecWriter, encoder::Encoder};
use hayro::kurbo::{Affine, Rect};
use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, Stream, dictionary};

use super::{
    UNWRITTEN, archive,
    font::{self, Shape},
    layer::write_layer,
};
use crate::{
    Document, OcrError, PageContent, Pixels, Raster,
    document::{JpegHeader, Kind},
    encode::encode_png,
    orientation::Orientation,
};

/// Makes a new PDF with one page for each picture, at the picture's resolution; PDF/A-2b when `is_archive` asks for it.
pub(super) fn build(document: &Document, pages: &[Option<PageContent>], is_archive: bool) -> Result<Vec<u8>, OcrError> {
    let mut pdf = Pdf::with_version("1.7");
    let tree_id = pdf.new_object_id();
    let font_id = pdf.max_id + 1;
    pdf.max_id += font::OBJECTS;
    let mut shapes = BTreeSet::new();
    let mut kids: Vec<Object> = Vec::new();
    for index in 0..document.page_count() {
        let text = pages.get(index as usize).and_then(Option::as_ref);
        let picture = load_picture(document, index, text, is_archive);
        kids.push(add_page(&mut pdf, picture, text, (tree_id, font_id), &mut shapes).into());
    }
    for (id, object) in font::make_fonts(font_id, &shapes) {
        pdf.set_object(id, object);
    }
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

/// A picture as a PDF image.
struct Picture {
    /// The upright page, in pixels.
    size: (u32, u32),
    dpi: u32,
    orientation: Orientation,
    stream: Stream,
}

/// Gives `None` for a page that can't be read: it becomes an empty sheet, so that page numbers stay right.
fn load_picture(document: &Document, index: u32, text: Option<&PageContent>, is_archive: bool) -> Option<Picture> {
    // an archive's profile covers grey and RGB: a JPEG of four inks goes in as RGB
    let is_covered = || JpegHeader::read(&document.bytes).is_ok_and(|header| header.components < 4);
    if matches!(document.kind, Kind::Jpeg) && (!is_archive || is_covered()) {
        return embed_jpeg(document, text);
    }
    let raster = document.raster(index).ok()?;
    let stream = embed_raster(&raster).ok()?;
    Some(Picture { size: (raster.width, raster.height), dpi: raster.dpi, orientation: Orientation::Upright, stream })
}

/// Embeds the file as it is; its orientation is a matter of placing it.
fn embed_jpeg(document: &Document, text: Option<&PageContent>) -> Option<Picture> {
    let header = JpegHeader::read(&document.bytes).ok()?;
    let (space, is_inverted) = match header.components {
        1 => ("DeviceGray", false),
        3 => ("DeviceRGB", false),
        4 => ("DeviceCMYK", header.is_adobe),
        _ => return None,
    };
    let mut image = image_dictionary((header.width, header.height), space, 8);
    image.set("Filter", "DCTDecode");
    if is_inverted {
        image.set("Decode", [1, 0].repeat(4).into_iter().map(Object::from).collect::<Vec<_>>());
    }
    let upright = match header.orientation.swaps_sides() {
        true => (header.height, header.width),
        false => (header.width, header.height),
    };
    let dpi = match text {
        Some(text) => text.dpi,
        None => crate::raster::resolve_dpi(upright, header.dpi()),
    };
    let stream = Stream::new(image, document.bytes.to_vec()).with_compression(false);
    Some(Picture { size: upright, dpi, orientation: header.orientation, stream })
}

/// Embeds pixels without loss. What a PNG holds inside is what PDF calls Flate with PNG predictors.
fn embed_raster(raster: &Raster) -> Result<Stream, OcrError> {
    let (space, colors, bits) = match raster.pixels {
        Pixels::Bilevel(_) => ("DeviceGray", 1, 1),
        Pixels::Gray8(_) => ("DeviceGray", 1, 8),
        Pixels::Rgb8(_) => ("DeviceRGB", 3, 8),
    };
    let mut image = image_dictionary((raster.width, raster.height), space, bits);
    let flate = take_image_data(&encode_png(raster)?);
    let (width, height) = (raster.width, raster.height);
    if let Pixels::Bilevel(rows) = &raster.pixels
        && let Some(fax) = encode_fax(rows, width).filter(|fax| fax.len() < flate.len())
    {
        image.set("Filter", "CCITTFaxDecode");
        image.set("DecodeParms", dictionary! { "K" => -1, "Columns" => width, "Rows" => height });
        return Ok(Stream::new(image, fax).with_compression(false));
    }
    image.set("Filter", "FlateDecode");
    image.set(
        "DecodeParms",
        dictionary! { "Predictor" => 15, "Colors" => colors, "BitsPerComponent" => bits, "Columns" => width },
    );
    Ok(Stream::new(image, flate).with_compression(false))
}

/// Encodes black and white as a fax does (group 4): print takes half of what Flate needs.
fn encode_fax(rows: &[u8], width: u32) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(VecWriter::new());
    for row in rows.chunks_exact(width.div_ceil(8) as usize) {
        let bits = row.iter().flat_map(|byte| (0..8).map(move |bit| byte << bit & 0x80 != 0));
        let colors = bits.take(width as usize).map(|is_white| if is_white { Color::White } else { Color::Black });
        encoder.encode_line(colors, u16::try_from(width).ok()?).ok()?;
    }
    Some(encoder.finish().ok()?.finish())
}

fn image_dictionary((width, height): (u32, u32), space: &str, bits: i64) -> Dictionary {
    dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => width, "Height" => height,
        "ColorSpace" => space, "BitsPerComponent" => bits,
    }
}

/// Joins the data of the `IDAT` chunks.
fn take_image_data(png: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(png.len());
    let mut rest = &png[8..];
    while let [l3, l2, l1, l0, kind @ ..] = rest {
        let length = u32::from_be_bytes([*l3, *l2, *l1, *l0]) as usize;
        let (Some(name), Some(content)) = (kind.get(..4), kind.get(4..4 + length)) else { break };
        if name == b"IDAT" {
            data.extend_from_slice(content);
        }
        // behind the content stands a check sum
        rest = kind.get(8 + length..).unwrap_or_default();
    }
    data
}

fn add_page(
    pdf: &mut Pdf,
    picture: Option<Picture>,
    text: Option<&PageContent>,
    (tree_id, font_id): (ObjectId, u32),
    shapes: &mut BTreeSet<Shape>,
) -> ObjectId {
    const A4: (f64, f64) = (595.0, 842.0);
    let mut resources = Dictionary::new();
    let mut content = Vec::new();
    let (mut width, mut height) = A4;
    if let Some(picture) = picture {
        let points = |pixels: u32| f64::from(pixels) * 72.0 / f64::from(picture.dpi.max(1));
        (width, height) = (points(picture.size.0), points(picture.size.1));
        let image = pdf.add_object(picture.stream);
        resources.set("XObject", dictionary! { "Page" => image });
        let [a, b, c, d, e, f] = picture.orientation.unit_square_matrix().map(f64::from);
        let place = Affine::scale_non_uniform(width, height) * Affine::new([a, b, c, d, e, f]);
        let numbers = place.as_coeffs().map(|value| format!("{value:.3}")).join(" ");
        content = format!("q\n{numbers} cm\n/Page Do\nQ\n").into_bytes();
    }
    if let Some(text) = text.filter(|text| !text.words.is_empty()) {
        let area = Rect::new(0.0, 0.0, width, height);
        let mut used = BTreeSet::new();
        content.extend(write_layer(text, area, Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, height]), &mut used));
        let fonts = used.iter().map(|shape| (shape.name(), Object::from(shape.object(font_id))));
        resources.set("Font", Dictionary::from_iter(fonts));
        shapes.append(&mut used);
    }
    let content = pdf.add_object(font::compressed(content));
    #[expect(clippy::cast_possible_truncation, reason = "points of a page")]
    let bounds = vec![0.into(), 0.into(), Object::Real(width as f32), Object::Real(height as f32)];
    pdf.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree_id, "MediaBox" => bounds, "Resources" => resources, "Contents" => content,
    })
}
