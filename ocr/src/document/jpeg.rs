use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use super::{
    OpenOptions, PageInspection,
    jpeg_bare::without_metadata,
    jpeg_blocks::{Completeness, judge},
};
use crate::{EncodedImage, OcrError, Raster, orientation::Orientation, raster::resolve_dpi};

/// What the markers of a JPEG say, read without decoding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JpegHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 grey, 3 colour, 4 CMYK.
    pub(crate) components: u8,
    /// Whether Adobe software wrote it (its CMYK is inverted).
    pub(crate) is_adobe: bool,
    pub(crate) orientation: Orientation,
    dpi: Option<f64>,
    is_complete: bool,
}

impl JpegHeader {
    /// Walks the markers up to the end of the image.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, OcrError> {
        let mut header = Self {
            width: 0,
            height: 0,
            components: 0,
            is_adobe: false,
            orientation: Orientation::Upright,
            dpi: None,
            is_complete: false,
        };
        let mut at = 2;
        while let Some((marker, segment)) = next_segment(bytes, &mut at) {
            match marker {
                0xd9 => {
                    header.is_complete = true;
                    break;
                }
                // the frame headers; c4, c8 and cc are tables
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => header.read_frame(segment),
                0xe0 => header.dpi = header.dpi.or_else(|| jfif_dpi(segment)),
                0xe1 => header.orientation = exif_orientation(segment).unwrap_or(header.orientation),
                0xee => header.is_adobe |= segment.starts_with(b"Adobe"),
                _ => {}
            }
        }
        if header.width == 0 || header.height == 0 {
            return Err(CUT_OFF);
        }
        Ok(header)
    }

    fn read_frame(&mut self, segment: &[u8]) {
        if let [_, h1, h0, w1, w0, components, ..] = *segment {
            self.height = u32::from(u16::from_be_bytes([h1, h0]));
            self.width = u32::from(u16::from_be_bytes([w1, w0]));
            self.components = components;
        }
    }

    /// Refuses what is too large or cut off: a decoder would fill the missing rest with grey.
    pub(crate) fn check(&self, options: &OpenOptions) -> Result<(), OcrError> {
        options.check_pixels(self.width, self.height)?;
        if self.is_complete { Ok(()) } else { Err(CUT_OFF) }
    }

    /// Says whether the file goes on to the end of the picture.
    pub(crate) const fn is_whole(&self) -> bool {
        self.is_complete
    }

    /// Says whether any browser shows these bytes as we decode them.
    pub(crate) fn is_plain(&self) -> bool {
        self.orientation == Orientation::Upright && matches!(self.components, 1 | 3)
    }

    /// Resolution as far as the file knows it.
    pub(crate) const fn dpi(&self) -> Option<f64> {
        self.dpi
    }
}

const CUT_OFF: OcrError = OcrError::unreadable("the JPEG is damaged or cut off");

/// Originals up to this size are shown as they are; larger ones are encoded again, smaller.
pub(super) const MAX_SHOWN_BYTES: usize = 1 << 20;

/// Reads what the markers say.
pub(crate) fn inspect(bytes: &[u8], options: &OpenOptions) -> Result<PageInspection, OcrError> {
    let header = JpegHeader::read(bytes)?;
    header.check(options)?;
    let (width, height) = (header.width, header.height);
    let size = header.orientation.upright_size((width, height));
    Ok(PageInspection::of_picture(size, resolve_dpi(size, header.dpi)))
}

/// Decodes, upright. The colours are only decoded when the picture must be encoded again: recognition needs grey.
pub(crate) fn decode(bytes: &[u8], options: &OpenOptions) -> Result<Raster, OcrError> {
    let header = JpegHeader::read(bytes)?;
    header.check(options)?;
    let completeness = judge(bytes);
    if completeness == Completeness::Cut {
        return Err(CUT_OFF);
    }
    let is_shown = header.is_plain() && bytes.len() <= MAX_SHOWN_BYTES;
    let wanted = if is_shown || header.components == 1 { ColorSpace::Luma } else { ColorSpace::RGB };
    let ((width, height), pixels) = decode_pixels(bytes, wanted)?;
    if (width, height) != (header.width, header.height) {
        return Err(CUT_OFF);
    }
    let channels = if wanted == ColorSpace::Luma { 1 } else { 3 };
    let (size, pixels) = header.orientation.apply((width, height), channels, pixels);
    let mut raster = Raster::from_bytes(size, channels, pixels)?.with_dpi(header.dpi);
    raster.is_damaged = completeness == Completeness::Damaged;
    raster.encoded = is_shown.then(|| EncodedImage { media_type: "image/jpeg".into(), bytes: without_metadata(bytes) });
    Ok(raster)
}

fn decode_pixels(bytes: &[u8], wanted: ColorSpace) -> Result<((u32, u32), Vec<u8>), OcrError> {
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(false)
        .jpeg_set_out_colorspace(wanted);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(|_| CUT_OFF)?;
    let info = decoder.info().ok_or(CUT_OFF)?;
    Ok(((u32::from(info.width), u32::from(info.height)), pixels))
}

/// Gives the next marker and its segment, and moves behind it (and behind the coded pixels that follow a scan).
pub(super) fn next_segment<'a>(bytes: &'a [u8], at: &mut usize) -> Option<(u8, &'a [u8])> {
    // a marker is ff and something that is neither fill (ff), nor a coded ff (00), nor a restart (d0 to d7)
    let marker = loop {
        let found = *at + bytes.get(*at..)?.iter().position(|&byte| byte == 0xff)?;
        let next = *bytes.get(found + 1)?;
        match next {
            0xff => *at = found + 1,
            0x00 | 0x01 | 0xd0..=0xd7 => *at = found + 2,
            marker => {
                *at = found + 2;
                break marker;
            }
        }
    };
    if marker == 0xd9 || marker == 0xd8 {
        return Some((marker, &[]));
    }
    let length = usize::from(u16::from_be_bytes([*bytes.get(*at)?, *bytes.get(*at + 1)?]));
    let segment = bytes.get(*at + 2..*at + length)?;
    *at += length;
    Some((marker, segment))
}

fn jfif_dpi(segment: &[u8]) -> Option<f64> {
    let [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, ..] = *segment else { return None };
    let density = f64::from(u16::from_be_bytes([x1, x0]));
    match unit {
        1 => Some(density),
        2 => Some(density * 2.54),
        _ => None,
    }
}

fn exif_orientation(segment: &[u8]) -> Option<Orientation> {
    let found = image::metadata::Orientation::from_exif_chunk(segment.strip_prefix(b"Exif\0\0")?)?;
    Some(Orientation::from_exif(found.to_exif().into()))
}
