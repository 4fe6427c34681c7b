use crate::{EncodedImage, OcrError, orientation::Orientation};

/// The pixels of a page, row by row, without padding between rows of whole bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Pixels {
    /// One bit a pixel, the leftmost in the highest bit, 1 is white; each row starts on a byte.
    Bilevel(Vec<u8>),
    /// One byte a pixel, 0 is black.
    Gray8(Vec<u8>),
    /// Three bytes a pixel: red, green, blue.
    Rgb8(Vec<u8>),
}

impl std::fmt::Debug for Pixels {
    // a page is megabytes; its kind and length are what one wants to see
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, bytes) = match self {
            Self::Bilevel(bytes) => ("Bilevel", bytes),
            Self::Gray8(bytes) => ("Gray8", bytes),
            Self::Rgb8(bytes) => ("Rgb8", bytes),
        };
        write!(f, "{kind}({} bytes)", bytes.len())
    }
}

/// An upright page as pixels.
#[derive(Clone, Debug)]
pub struct Raster {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Dots per inch; a guess from the size when the file doesn't say.
    pub dpi: u32,
    /// Whether the file (or the renderer) states the resolution.
    pub is_dpi_known: bool,
    /// Height of a pixel, as a multiple of its width: 1.0, but 2.08 for a standard fax.
    pub pixel_height: f64,
    /// The pixels.
    pub pixels: Pixels,
    /// The same pixels as the file has them, when a browser can show that as it is.
    pub encoded: Option<EncodedImage>,
    /// Whether the file holds more of them than could be decoded, or pixels that it did not mean.
    pub is_damaged: bool,
}

impl Raster {
    /// Makes a raster of bytes with one (grey) or three (red, green, blue) channels; grey that is only black and
    /// white becomes [`Pixels::Bilevel`], colour that is only grey becomes grey: cheaper everywhere afterwards.
    pub(crate) fn from_bytes((width, height): (u32, u32), channels: usize, bytes: Vec<u8>) -> Result<Self, OcrError> {
        let pixels = width as usize * height as usize;
        if width == 0 || height == 0 || bytes.len() != pixels * channels {
            return Err(OcrError::unreadable("the image has another size than it says"));
        }
        let pixels = match channels {
            1 => simplify_gray(bytes, width as usize),
            3 => simplify_rgb(bytes, width as usize),
            _ => return Err(OcrError::unreadable("the image has an unknown kind of pixels")),
        };
        Ok(Self {
            width,
            height,
            dpi: guess_dpi(width, height),
            is_dpi_known: false,
            pixel_height: 1.0,
            pixels,
            encoded: None,
            is_damaged: false,
        })
    }

    /// States the resolution, when it is one that a page can have.
    pub(crate) fn with_dpi(mut self, dpi: Option<f64>) -> Self {
        if let Some(dpi) = believe_dpi(dpi) {
            self.dpi = dpi;
            self.is_dpi_known = true;
        }
        self
    }

    /// States that pixels are not square, from the dots per inch across and down. Ratios that no fax and no scanner has
    /// are lies.
    pub(crate) fn with_densities(self, across: Option<f64>, down: Option<f64>) -> Self {
        let ratio = across.zip(down).map_or(1.0, |(across, down)| across / down);
        let is_credible = (0.25..0.8).contains(&ratio) || (1.25..4.0).contains(&ratio);
        Self { pixel_height: if is_credible { ratio } else { 1.0 }, ..self }
    }

    /// Averages squares of `factor` x `factor` pixels into one grey pixel.
    pub(crate) fn shrink(&self, factor: u32) -> Self {
        let (width, height) = (self.width / factor, self.height / factor);
        let gray = self.to_gray();
        let (source_width, step) = (self.width as usize, factor as usize);
        let mut out = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height as usize {
            for x in 0..width as usize {
                let sum: usize = (0..step)
                    .map(|dy| {
                        let start = (y * step + dy) * source_width + x * step;
                        gray[start..start + step].iter().map(|&v| usize::from(v)).sum::<usize>()
                    })
                    .sum();
                out.push(u8::try_from(sum / (step * step)).unwrap_or(u8::MAX));
            }
        }
        Self {
            width,
            height,
            dpi: (self.dpi / factor).max(1),
            is_dpi_known: self.is_dpi_known,
            pixel_height: self.pixel_height,
            pixels: Pixels::Gray8(out),
            encoded: None,
            is_damaged: self.is_damaged,
        }
    }

    /// Gives the page in grey with everything white outside of some areas: left, top, right, bottom in pixels.
    pub(crate) fn keep_areas(&self, areas: &[[u32; 4]]) -> Self {
        let (gray, width) = (self.to_gray(), self.width as usize);
        let mut kept = vec![u8::MAX; gray.len()];
        for &[left, top, right, bottom] in areas {
            let columns = left.min(self.width) as usize..right.min(self.width) as usize;
            for y in top.min(self.height) as usize..bottom.min(self.height) as usize {
                let row = y * width + columns.start..y * width + columns.end;
                kept[row.clone()].copy_from_slice(&gray[row]);
            }
        }
        Self {
            width: self.width,
            height: self.height,
            dpi: self.dpi,
            is_dpi_known: self.is_dpi_known,
            pixel_height: self.pixel_height,
            pixels: Pixels::Gray8(kept),
            encoded: None,
            is_damaged: self.is_damaged,
        }
    }

    /// Turns or mirrors the page; what its file holds no longer shows it.
    pub(crate) fn turned(&self, orientation: Orientation) -> Self {
        let size = (self.width, self.height);
        let ((width, height), pixels) = match &self.pixels {
            Pixels::Rgb8(bytes) => {
                let (size, bytes) = orientation.apply(size, 3, bytes.clone());
                (size, Pixels::Rgb8(bytes))
            }
            Pixels::Gray8(bytes) => {
                let (size, bytes) = orientation.apply(size, 1, bytes.clone());
                (size, Pixels::Gray8(bytes))
            }
            Pixels::Bilevel(bytes) => {
                let (size, bytes) = orientation.apply(size, 1, unpack_bits(bytes, self.width as usize));
                (size, Pixels::Bilevel(pack_bits(&bytes, size.0 as usize)))
            }
        };
        let pixel_height = if orientation.swaps_sides() { 1.0 / self.pixel_height } else { self.pixel_height };
        Self { width, height, pixels, pixel_height, encoded: None, ..*self }
    }

    /// Gives one grey byte per pixel.
    pub(crate) fn to_gray(&self) -> std::borrow::Cow<'_, [u8]> {
        match &self.pixels {
            Pixels::Gray8(bytes) => bytes.into(),
            Pixels::Rgb8(bytes) => bytes.as_chunks().0.iter().map(luma).collect::<Vec<_>>().into(),
            Pixels::Bilevel(bytes) => unpack_bits(bytes, self.width as usize).into(),
        }
    }

    /// Says whether nearly nothing but one colour is on the page.
    pub(crate) fn is_blank(&self) -> bool {
        match &self.pixels {
            Pixels::Bilevel(bytes) => bytes.iter().all(|&b| b == 0xff),
            Pixels::Gray8(bytes) | Pixels::Rgb8(bytes) => bytes.iter().all(|&b| b == 0xff),
        }
    }
}

/// Resolutions below are thumbnails or lies, above are lies (Tesseract draws the same lines).
const MIN_DPI: f64 = 70.0;
const MAX_DPI: f64 = 2400.0;

fn believe_dpi(dpi: Option<f64>) -> Option<u32> {
    let dpi = dpi.map(f64::round).filter(|dpi| (MIN_DPI..=MAX_DPI).contains(dpi))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "70 to 2400")]
    let dpi = dpi as u32;
    Some(dpi)
}

/// Gives the resolution of a picture: what its file says if that is credible, else a guess from its size.
pub(crate) fn resolve_dpi((width, height): (u32, u32), stated: Option<f64>) -> u32 {
    believe_dpi(stated).unwrap_or_else(|| guess_dpi(width, height))
}

/// Guesses the resolution of an image that doesn't say: as if it were a sheet of A4 or letter.
fn guess_dpi(width: u32, height: u32) -> u32 {
    const LONG_SIDE_INCHES: f64 = 11.7;
    let guess = f64::from(width.max(height)) / LONG_SIDE_INCHES;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 70 to 300")]
    let dpi = guess.clamp(MIN_DPI, 300.0) as u32;
    dpi
}

/// Weighs red, green and blue as ITU-R BT.601 does, in 1/256.
pub(crate) fn luma(&[r, g, b]: &[u8; 3]) -> u8 {
    let sum = 77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b) + 128;
    #[expect(clippy::cast_possible_truncation, reason = "the weights add up to 256")]
    let luma = (sum >> 8) as u8;
    luma
}

fn simplify_gray(bytes: Vec<u8>, width: usize) -> Pixels {
    if bytes.iter().all(|&v| v == 0 || v == 0xff) {
        Pixels::Bilevel(pack_bits(&bytes, width))
    } else {
        Pixels::Gray8(bytes)
    }
}

fn simplify_rgb(bytes: Vec<u8>, width: usize) -> Pixels {
    let triples = bytes.as_chunks::<3>().0;
    if triples.iter().all(|[r, g, b]| r == g && g == b) {
        return simplify_gray(triples.iter().map(|t| t[0]).collect(), width);
    }
    Pixels::Rgb8(bytes)
}

fn pack_bits(gray: &[u8], width: usize) -> Vec<u8> {
    let mut packed = Vec::with_capacity(width.div_ceil(8) * (gray.len() / width.max(1)));
    for row in gray.chunks_exact(width) {
        let (eights, rest) = row.as_chunks::<8>();
        packed.extend(eights.iter().map(|eight| pack_eight(eight)));
        if !rest.is_empty() {
            // white beyond the edge, so that nothing looks like ink
            packed.push(pack_eight(rest) << (8 - rest.len()) | 0xff >> rest.len());
        }
    }
    packed
}

fn pack_eight(pixels: &[u8]) -> u8 {
    pixels.iter().fold(0, |byte, &pixel| byte << 1 | pixel >> 7)
}

fn unpack_bits(packed: &[u8], width: usize) -> Vec<u8> {
    let mut gray = Vec::with_capacity(packed.len() * 8);
    for row in packed.chunks_exact(width.div_ceil(8)) {
        gray.extend((0..width).map(|x| if row[x / 8] & (0x80 >> (x % 8)) == 0 { 0 } else { 0xff }));
    }
    gray
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_white_becomes_bits_and_back() {
        let gray: Vec<u8> = (0..22).map(|i| if i % 3 == 0 { 0 } else { 255 }).collect();
        let raster = Raster::from_bytes((11, 2), 1, gray.clone()).unwrap();
        assert!(matches!(&raster.pixels, Pixels::Bilevel(bits) if bits.len() == 4));
        assert_eq!(raster.to_gray().as_ref(), gray);
    }

    #[test]
    fn gray_in_colour_becomes_gray() {
        let raster = Raster::from_bytes((2, 1), 3, vec![7, 7, 7, 9, 9, 9]).unwrap();
        assert_eq!(raster.pixels, Pixels::Gray8(vec![7, 9]));
    }

    #[test]
    fn a_wrong_length_is_refused() {
        assert!(Raster::from_bytes((3, 1), 1, vec![1, 2]).is_err());
    }

    #[test]
    fn shrinks_by_averaging() {
        let raster = Raster::from_bytes((4, 2), 1, vec![0, 10, 20, 30, 2, 12, 22, 32]).unwrap();
        let small = raster.shrink(2);
        assert_eq!((small.width, small.height), (2, 1));
        assert_eq!(small.pixels, Pixels::Gray8(vec![6, 26]));
    }
}
