use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use crate::{OcrError, Pixels, Raster};

/// A picture as a browser shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedImage {
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Good enough to check a doubtful word by eye, small enough to load while turning pages.
const JPEG_QUALITY: u8 = 60;

/// Encodes the page in its own geometry: as the file has it when a browser can show that, black-and-white as PNG,
/// the rest as JPEG. Takes the encoded original out of the raster.
pub(crate) fn encode_page(raster: &mut Raster) -> Result<EncodedImage, OcrError> {
    if let Some(encoded) = raster.encoded.take() {
        return Ok(encoded);
    }
    match &raster.pixels {
        Pixels::Bilevel(_) => Ok(EncodedImage { media_type: "image/png".into(), bytes: encode_png(raster)? }),
        Pixels::Gray8(bytes) => encode_jpeg(raster, bytes, jpeg_encoder::ColorType::Luma),
        Pixels::Rgb8(bytes) => encode_jpeg(raster, bytes, jpeg_encoder::ColorType::Rgb),
    }
}

/// Encodes without loss.
pub(crate) fn encode_png(raster: &Raster) -> Result<Vec<u8>, OcrError> {
    let (color, depth, bytes) = match &raster.pixels {
        Pixels::Bilevel(bytes) => (ColorType::Grayscale, BitDepth::One, bytes),
        Pixels::Gray8(bytes) => (ColorType::Grayscale, BitDepth::Eight, bytes),
        Pixels::Rgb8(bytes) => (ColorType::Rgb, BitDepth::Eight, bytes),
    };
    let mut out = Vec::with_capacity(bytes.len() / 8);
    let mut encoder = Encoder::new(&mut out, raster.width, raster.height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if depth == BitDepth::One {
        // filters work on bytes and only disturb bits
        encoder.set_compression(Compression::Balanced);
        encoder.set_filter(Filter::NoFilter);
    } else {
        encoder.set_compression(Compression::Fast);
    }
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(bytes))
        .map_err(|_| OcrError::engine("the page image could not be encoded"))?;
    Ok(out)
}

fn encode_jpeg(raster: &Raster, bytes: &[u8], color: jpeg_encoder::ColorType) -> Result<EncodedImage, OcrError> {
    let (Ok(width), Ok(height)) = (u16::try_from(raster.width), u16::try_from(raster.height)) else {
        return Ok(EncodedImage { media_type: "image/png".into(), bytes: encode_png(raster)? });
    };
    let mut out = Vec::with_capacity(bytes.len() / 16);
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, JPEG_QUALITY);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.encode(bytes, width, height, color).map_err(|_| OcrError::engine("the page image could not be encoded"))?;
    Ok(EncodedImage { media_type: "image/jpeg".into(), bytes: out })
}
