use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{OpenOptions, PageInspection};
use crate::{OcrError, Raster, orientation::Orientation, raster::resolve_dpi};

/// A single picture of a kind that the `image` crate decodes whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StillKind {
    Png,
    WebP,
    Bmp,
    Gif,
}

impl StillKind {
    pub(crate) fn tell(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            // the reserved field tells a bitmap from a text that begins with these letters
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Self::Bmp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    const fn format(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::WebP => ImageFormat::WebP,
            Self::Bmp => ImageFormat::Bmp,
            Self::Gif => ImageFormat::Gif,
        }
    }
}

/// Checks the size in the header.
pub(crate) fn check_header(kind: StillKind, bytes: &[u8], options: &OpenOptions) -> Result<(), OcrError> {
    let (width, height) = open(kind, bytes)?.dimensions();
    options.check_pixels(width, height)
}

/// Reads what the header says.
pub(crate) fn inspect(kind: StillKind, bytes: &[u8], options: &OpenOptions) -> Result<PageInspection, OcrError> {
    let mut decoder = open(kind, bytes)?;
    let (width, height) = decoder.dimensions();
    options.check_pixels(width, height)?;
    let exif = decoder.orientation().map_or(1, |orientation| u32::from(orientation.to_exif()));
    let size = Orientation::from_exif(exif).upright_size((width, height));
    let dpi = if kind == StillKind::Png { png_dpi(bytes) } else { None };
    Ok(PageInspection::of_picture(size, resolve_dpi(size, dpi)))
}

/// Decodes the picture (of an animation the first frame) on white paper, upright.
pub(crate) fn decode(kind: StillKind, bytes: &[u8], options: &OpenOptions) -> Result<Raster, OcrError> {
    let mut decoder = open(kind, bytes)?;
    let size = decoder.dimensions();
    options.check_pixels(size.0, size.1)?;
    let exif = decoder.orientation().map_or(1, |orientation| u32::from(orientation.to_exif()));
    let picture = DynamicImage::from_decoder(decoder).map_err(|_| CUT_OFF)?;
    let (channels, pixels) = flatten(picture);
    let (size, pixels) = Orientation::from_exif(exif).apply(size, channels, pixels);
    let dpi = if kind == StillKind::Png { png_dpi(bytes) } else { None };
    let [across, down] = if kind == StillKind::Png { png_densities(bytes) } else { [None; 2] };
    Ok(Raster::from_bytes(size, channels, pixels)?.with_dpi(dpi).with_densities(across, down))
}

const CUT_OFF: OcrError = OcrError::unreadable("the image is damaged or cut off");

fn open(kind: StillKind, bytes: &[u8]) -> Result<Box<dyn ImageDecoder + '_>, OcrError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
    // our own limit is on pixels and comes first; this one stops a header that lies about its palette or chunks
    let mut limits = Limits::no_limits();
    // (a PNG's rows are not counted by it, and no profile or comment has a hundred megabytes)
    limits.max_alloc = Some(if kind == StillKind::Png { 128 << 20 } else { 4 << 30 });
    reader.limits(limits);
    reader.into_decoder().map(|decoder| Box::new(decoder) as Box<dyn ImageDecoder>).map_err(|_| CUT_OFF)
}

/// Gives one or three bytes a pixel; what is transparent shows white paper.
fn flatten(picture: DynamicImage) -> (usize, Vec<u8>) {
    match picture {
        DynamicImage::ImageLuma8(gray) => (1, gray.into_raw()),
        DynamicImage::ImageLuma16(_) => (1, picture.into_luma8().into_raw()),
        DynamicImage::ImageRgb8(rgb) => (3, rgb.into_raw()),
        other if !other.color().has_alpha() => (3, other.into_rgb8().into_raw()),
        other => (3, lay_on_white(other.into_rgba8().as_raw())),
    }
}

pub(super) fn lay_on_white(rgba: &[u8]) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(rgba.len() / 4 * 3);
    for [red, green, blue, alpha] in rgba.as_chunks::<4>().0 {
        rgb.extend([red, green, blue].map(|&value| match alpha {
            255 => value,
            _ => {
                let mixed = u32::from(value) * u32::from(*alpha) + 255 * (255 - u32::from(*alpha));
                u8::try_from(mixed / 255).unwrap_or(u8::MAX)
            }
        }));
    }
    rgb
}

/// Reads the resolution of a PNG in its finer direction.
fn png_dpi(bytes: &[u8]) -> Option<f64> {
    png_densities(bytes).into_iter().flatten().reduce(f64::max)
}

/// Reads the dots per inch across and down of a PNG (chunk `pHYs`, pixels per metre).
fn png_densities(bytes: &[u8]) -> [Option<f64>; 2] {
    let reader = png::Decoder::new(Cursor::new(bytes)).read_info().ok();
    let size = reader.and_then(|reader| reader.info().pixel_dims).filter(|size| size.unit == png::Unit::Meter);
    size.map_or([None; 2], |size| [size.xppu, size.yppu].map(|dots| Some(f64::from(dots) * 0.0254)))
}
