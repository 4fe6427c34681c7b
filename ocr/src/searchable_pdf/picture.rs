use std::{borrow::Cow, io::Cursor};

use fax::{Color, VecWriter, encoder::Encoder};
use hayro::kurbo::{Affine, Rect};
use lopdf::{Dictionary, Object, Stream, StringFormat, dictionary};
use png::{BitDepth, ColorType, Compression, Filter};

use super::palette::{Palette, find_palette};
use crate::{
    Document, OcrError, PageContent, Pixels, Raster,
    document::{JpegHeader, Kind, PageJpeg, PagePicture, Piece, find_jpeg, without_metadata},
    orientation::Orientation,
    raster::resolve_dpi,
};

/// What one sees of a page, as PDF images. Lengths are in points, origin top left, y downwards.
pub(super) struct Picture {
    /// Width and height of the upright page.
    pub(super) sheet: (f64, f64),
    /// Where its words lie: on the scan, or all over it.
    pub(super) area: Rect,
    /// In the order in which they are drawn.
    pub(super) images: Vec<PlacedImage>,
    /// Whether it was drawn of a page that is more than pictures.
    pub(super) is_drawn: bool,
}

/// An image, and where it lies.
pub(super) struct PlacedImage {
    /// Streams that it needs may stand in it directly.
    pub(super) stream: Stream,
    /// From the unit square of an image to points on the page.
    pub(super) place: Affine,
    /// What a stencil is painted with.
    pub(super) ink: Option<[u8; 3]>,
}

impl PlacedImage {
    fn new(stream: Stream, area: Rect, orientation: Orientation) -> Self {
        let place = Affine::new([1.0, 0.0, 0.0, -1.0, area.x0, area.y1])
            * Affine::scale_non_uniform(area.width(), area.height())
            * Affine::new(orientation.unit_square_matrix().map(f64::from));
        Self { stream, place, ink: None }
    }
}

impl Picture {
    /// A page that is nothing but its picture; `size` is the upright page in pixels.
    fn alone(size: (u32, u32), dpi: u32, orientation: Orientation, stream: Stream) -> Self {
        let [width, height] = [size.0, size.1].map(|pixels| f64::from(pixels) * 72.0 / f64::from(dpi.max(1)));
        let area = Rect::new(0.0, 0.0, width, height);
        let images = vec![PlacedImage::new(stream, area, orientation)];
        Self { sheet: (width, height), area, images, is_drawn: false }
    }
}

/// Loads the picture of a page: the file's own coded pixels where PDF has the same code, otherwise the pixels without
/// loss. Gives `None` for a page that can't be read: it becomes an empty sheet, so that page numbers stay right.
pub(super) fn load_picture(
    document: &Document,
    index: u32,
    text: Option<&PageContent>,
    is_archive: bool,
) -> Option<Picture> {
    if let Kind::Pdf(file) = &document.kind {
        return load_page(file.picture(index, &document.options).ok()?);
    }
    // an archive's profile covers grey and RGB: a JPEG of four inks goes in as RGB
    if let Some(jpeg) = find_own_jpeg(document, index).filter(|jpeg| !is_archive || jpeg.header.components < 4) {
        return embed_jpeg(jpeg, text);
    }
    let raster = document.raster(index).ok()?;
    let is_still = matches!(document.kind, Kind::Still(_));
    let own = if is_still { take_png(&document.bytes, &raster) } else { None };
    let stream = match (&raster.pixels, own) {
        (Pixels::Bilevel(rows), own) => embed_bits(&raster, rows, own).ok()?,
        (_, Some(own)) => own,
        (_, None) => embed_pixels(&raster).ok()?,
    };
    Some(Picture::alone((raster.width, raster.height), raster.dpi, Orientation::Upright, stream))
}

/// Takes what one sees of a page of a PDF: pictures as the file codes them, else its pixels without loss; of a drawn page
/// with photographs a JPEG, since these alone make pixels large.
fn load_page(page: PagePicture) -> Option<Picture> {
    let sheet = page.sheet;
    if let Some(pieces) = page.pieces {
        let image = |Piece { coded, place, ink }| PlacedImage { stream: coded, place, ink };
        let images = pieces.into_iter().map(image).collect();
        return Some(Picture { sheet, area: page.area, images, is_drawn: false });
    }
    let (orientation, stream) = match page.coded {
        Some(coded) => (page.orientation, coded),
        None => {
            let exact = embed_pixels(&page.raster).ok()?;
            let photographs = if page.is_drawn { draw_jpeg(&page.raster, exact.content.len()) } else { None };
            (Orientation::Upright, photographs.unwrap_or(exact))
        }
    };
    let is_drawn = page.is_drawn && !page.raster.is_blank();
    let images = vec![PlacedImage::new(stream, page.area, orientation)];
    Some(Picture { sheet, area: page.area, images, is_drawn })
}

/// Codes a drawn page as JPEG when its pixels take more than print does, and the JPEG less than half of them.
fn draw_jpeg(raster: &Raster, exact_bytes: usize) -> Option<Stream> {
    /// Text of 300 dpi without loss takes 0.05 to 0.15 bytes a pixel.
    const BYTES_OF_PRINT: f64 = 0.25;
    /// No difference that one sees.
    const QUALITY: u8 = 90;
    let size = (raster.width, raster.height);
    #[expect(clippy::cast_precision_loss, reason = "sizes to compare")]
    let is_print = exact_bytes as f64 <= BYTES_OF_PRINT * f64::from(size.0) * f64::from(size.1);
    let (bytes, color, space) = match &raster.pixels {
        Pixels::Gray8(bytes) if !is_print => (bytes, jpeg_encoder::ColorType::Luma, "DeviceGray"),
        Pixels::Rgb8(bytes) if !is_print => (bytes, jpeg_encoder::ColorType::Rgb, "DeviceRGB"),
        _ => return None,
    };
    let mut jpeg = Vec::with_capacity(bytes.len() / 8);
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, QUALITY);
    encoder.encode(bytes, u16::try_from(size.0).ok()?, u16::try_from(size.1).ok()?, color).ok()?;
    let mut image = image_dictionary(size, space.into(), 8);
    image.set("Filter", "DCTDecode");
    (jpeg.len() < exact_bytes / 2).then(|| Stream::new(image, jpeg).with_compression(false))
}

fn find_own_jpeg(document: &Document, index: u32) -> Option<PageJpeg<'_>> {
    match &document.kind {
        Kind::Jpeg => {
            let header = JpegHeader::read(&document.bytes).ok()?;
            let bytes = Cow::Borrowed(document.bytes.as_slice());
            Some(PageJpeg { bytes, header, orientation: header.orientation, dpi: header.dpi() })
        }
        Kind::Tiff(chain) => find_jpeg(&document.bytes, *chain.pages.get(index as usize)?),
        Kind::Pdf(_) | Kind::Still(_) => None,
    }
}

/// Embeds the file as it is, but for what its camera wrote into it; its orientation is a matter of placing it.
fn embed_jpeg(jpeg: PageJpeg<'_>, text: Option<&PageContent>) -> Option<Picture> {
    let header = jpeg.header;
    let (space, is_inverted) = match header.components {
        1 => ("DeviceGray", false),
        3 => ("DeviceRGB", false),
        4 => ("DeviceCMYK", header.is_adobe),
        _ => return None,
    };
    let mut image = image_dictionary((header.width, header.height), space.into(), 8);
    image.set("Filter", "DCTDecode");
    if is_inverted {
        image.set("Decode", [1, 0].repeat(4).into_iter().map(Object::from).collect::<Vec<_>>());
    }
    let upright = jpeg.orientation.upright_size((header.width, header.height));
    let dpi = text.map_or_else(|| resolve_dpi(upright, jpeg.dpi), |text| text.dpi);
    let stream = Stream::new(image, without_metadata(&jpeg.bytes)).with_compression(false);
    Some(Picture::alone(upright, dpi, jpeg.orientation, stream))
}

/// Takes the coded pixels of a PNG as they are: what it holds inside is what PDF calls Flate with PNG predictors.
/// Gives `None` for those that PDF can't show so: with transparency, interlaced, or turned.
fn take_png(png: &[u8], raster: &Raster) -> Option<Stream> {
    let reader = png::Decoder::new(Cursor::new(png)).read_info().ok()?;
    let info = reader.info();
    let is_plain = !info.interlaced && info.trns.is_none() && info.exif_metadata.is_none() && !info.is_animated();
    if !is_plain || info.size() != (raster.width, raster.height) {
        return None;
    }
    let bits = i64::from(info.bit_depth as u8);
    let (space, colors): (Object, _) = match (info.color_type, info.palette.as_deref()) {
        (ColorType::Grayscale, _) => ("DeviceGray".into(), 1),
        (ColorType::Rgb, _) => ("DeviceRGB".into(), 3),
        (ColorType::Indexed, Some(palette)) if palette.len() >= 3 => (indexed("DeviceRGB", palette), 1),
        _ => return None,
    };
    let image = image_dictionary(info.size(), space, bits);
    Some(flate(image, take_image_data(png), colors, bits, raster.width))
}

/// Embeds black and white: as a fax does it, which takes half of what Flate needs for print, unless that is larger.
fn embed_bits(raster: &Raster, rows: &[u8], own: Option<Stream>) -> Result<Stream, OcrError> {
    let size = (raster.width, raster.height);
    let other = match own {
        Some(own) => own,
        None => {
            let data = encode_samples(size, rows, ColorType::Grayscale, BitDepth::One)?;
            flate(image_dictionary(size, "DeviceGray".into(), 1), data, 1, 1, raster.width)
        }
    };
    let fax = encode_fax(rows, raster.width).filter(|fax| fax.len() < other.content.len());
    Ok(fax.map_or(other, |fax| {
        let mut image = image_dictionary(size, "DeviceGray".into(), 1);
        image.set("Filter", "CCITTFaxDecode");
        image.set("DecodeParms", dictionary! { "K" => -1, "Columns" => size.0, "Rows" => size.1 });
        Stream::new(image, fax).with_compression(false)
    }))
}

/// Embeds grey or colour, with a palette when there are few of them.
fn embed_pixels(raster: &Raster) -> Result<Stream, OcrError> {
    let size = (raster.width, raster.height);
    let (space, color, colors, bytes) = match &raster.pixels {
        Pixels::Bilevel(rows) => return embed_bits(raster, rows, None),
        Pixels::Gray8(bytes) => ("DeviceGray", ColorType::Grayscale, 1, bytes),
        Pixels::Rgb8(bytes) => ("DeviceRGB", ColorType::Rgb, 3, bytes),
    };
    if let Some(Palette { colors, bits, indices }) = find_palette(bytes, colors, raster.width as usize) {
        let depth = BitDepth::from_u8(bits).unwrap_or(BitDepth::Eight);
        let data = encode_samples(size, &indices, ColorType::Grayscale, depth)?;
        let image = image_dictionary(size, indexed(space, &colors), bits.into());
        return Ok(flate(image, data, 1, bits.into(), raster.width));
    }
    let data = encode_samples(size, bytes, color, BitDepth::Eight)?;
    let colors = i64::try_from(colors).unwrap_or(1);
    Ok(flate(image_dictionary(size, space.into(), 8), data, colors, 8, raster.width))
}

fn flate(mut image: Dictionary, data: Vec<u8>, colors: i64, bits: i64, width: u32) -> Stream {
    image.set("Filter", "FlateDecode");
    image.set(
        "DecodeParms",
        dictionary! { "Predictor" => 15, "Colors" => colors, "BitsPerComponent" => bits, "Columns" => width },
    );
    Stream::new(image, data).with_compression(false)
}

/// Makes a colour space of a palette; `colors` has the samples of `base` for each entry.
fn indexed(base: &str, colors: &[u8]) -> Object {
    let samples = if base == "DeviceRGB" { 3 } else { 1 };
    let last = i64::try_from(colors.len() / samples).unwrap_or(1) - 1;
    let table = Object::String(colors.to_vec(), StringFormat::Literal);
    Object::Array(vec!["Indexed".into(), base.into(), last.into(), table])
}

/// Encodes black and white as a fax does (group 4).
fn encode_fax(rows: &[u8], width: u32) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(VecWriter::new());
    for row in rows.chunks_exact(width.div_ceil(8) as usize) {
        let bits = row.iter().flat_map(|byte| (0..8).map(move |bit| byte << bit & 0x80 != 0));
        let colors = bits.take(width as usize).map(|is_white| if is_white { Color::White } else { Color::Black });
        encoder.encode_line(colors, u16::try_from(width).ok()?).ok()?;
    }
    Some(encoder.finish().ok()?.finish())
}

fn image_dictionary((width, height): (u32, u32), space: Object, bits: i64) -> Dictionary {
    dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => width, "Height" => height,
        "ColorSpace" => space, "BitsPerComponent" => bits,
    }
}

/// Codes samples as a PNG does, and gives what is inside.
fn encode_samples(
    (width, height): (u32, u32),
    samples: &[u8],
    color: ColorType,
    depth: BitDepth,
) -> Result<Vec<u8>, OcrError> {
    let mut file = Vec::with_capacity(samples.len() / 8);
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_compression(Compression::Balanced);
    if depth != BitDepth::Eight {
        // filters work on bytes and only disturb bits
        encoder.set_filter(Filter::NoFilter);
    }
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(samples));
    written.map_err(|_| OcrError::engine("the picture of a page could not be encoded"))?;
    Ok(take_image_data(&file))
}

/// Joins the data of the `IDAT` chunks.
fn take_image_data(png: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(png.len());
    let mut rest = png.get(8..).unwrap_or_default();
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
