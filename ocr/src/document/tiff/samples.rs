use std::io::{Cursor, Read, Seek, SeekFrom};

use tiff::{
    ColorType,
    decoder::{Decoder, DecodingResult, Limits},
};

use super::{
    CUT_OFF,
    directory::{Directory, Tag},
};
use crate::{OcrError, document::image::lay_on_white};

const UNKNOWN: OcrError = OcrError::unreadable("the TIFF has pixels of an unknown kind");
/// Of a pixel: four inks and a mask. What has more is no page, and would need room for all of them.
const MOST_SAMPLES: u16 = 5;

/// Decodes samples of whole numbers to one or three bytes a pixel.
pub(super) fn decode_samples(bytes: &[u8], directory: &Directory<'_>) -> Result<(usize, Vec<u8>), OcrError> {
    let patched = Patched { file: Cursor::new(bytes), patches: directory.patches() };
    // the size was checked already
    let mut decoder = Decoder::new(patched).map_err(|_| CUT_OFF)?.with_limits(Limits::unlimited());
    let color = decoder.colortype().map_err(|_| CUT_OFF)?;
    if color.bit_depth() > 16 || color.num_samples() > MOST_SAMPLES {
        return Err(UNKNOWN);
    }
    let samples = match decoder.read_image().map_err(|_| CUT_OFF)? {
        DecodingResult::U8(bytes) => bytes,
        // the high byte says enough
        DecodingResult::U16(words) => words.into_iter().map(|word| word.to_be_bytes()[0]).collect(),
        _ => return Err(UNKNOWN),
    };
    match color {
        ColorType::Gray(bits) => Ok(shade(samples, bits, directory)),
        ColorType::RGB(_) => Ok((3, samples)),
        ColorType::YCbCr(_) => Ok((3, samples.as_chunks().0.iter().flat_map(mix_luma_and_chroma).collect())),
        ColorType::RGBA(_) => Ok((3, lay_on_white(&samples))),
        ColorType::CMYK(_) => Ok((3, samples.as_chunks().0.iter().flat_map(mix_inks).collect())),
        ColorType::Multiband { num_samples, .. } if num_samples > 0 => {
            // grey with alpha or more: the first band is the picture
            Ok(shade(samples.into_iter().step_by(usize::from(num_samples)).collect(), 8, directory))
        }
        _ => Err(UNKNOWN),
    }
}

/// Turns numbers of 1 to 16 bits into grey, or through the palette into colour.
fn shade(samples: Vec<u8>, bits: u8, directory: &Directory<'_>) -> (usize, Vec<u8>) {
    let indices = if bits < 8 { unpack(&samples, bits, directory.width as usize) } else { samples };
    let top = if bits < 8 { (1_u8 << bits) - 1 } else { u8::MAX };
    match directory.number(Tag::Photometric) {
        Some(3) => (3, look_up(&indices, &directory.numbers(Tag::ColorMap))),
        Some(0) => (1, indices.into_iter().map(|v| (top - v.min(top)) * (u8::MAX / top)).collect()),
        _ if top == u8::MAX => (1, indices),
        _ => (1, indices.into_iter().map(|v| v * (u8::MAX / top)).collect()),
    }
}

/// Spreads numbers of less than eight bits; rows start on bytes.
fn unpack(packed: &[u8], bits: u8, width: usize) -> Vec<u8> {
    let bits = usize::from(bits.max(1));
    let mask = (1_u8 << bits) - 1;
    let row_bytes = (width * bits).div_ceil(8);
    let mut numbers = Vec::with_capacity(packed.len() * 8 / bits);
    for row in packed.chunks_exact(row_bytes) {
        numbers.extend((0..width).map(|x| {
            let bit = x * bits;
            row[bit / 8] >> (8 - bits - bit % 8).min(7) & mask
        }));
    }
    numbers
}

/// A colour map holds all reds, then all greens, then all blues, of 16 bits each.
fn look_up(indices: &[u8], map: &[u64]) -> Vec<u8> {
    let colors = map.len() / 3;
    let byte = |at: usize| map.get(at).map_or(0, |&word| (word >> 8).min(255).to_le_bytes()[0]);
    let palette: Vec<[u8; 3]> = (0..colors).map(|i| [byte(i), byte(colors + i), byte(2 * colors + i)]).collect();
    indices.iter().flat_map(|&index| palette.get(usize::from(index)).copied().unwrap_or_default()).collect()
}

fn mix_inks(&[cyan, magenta, yellow, black]: &[u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let light = u16::from(255 - ink) * u16::from(255 - black) / 255;
        light.to_le_bytes()[0]
    })
}

/// Undoes JPEG's colour transform (ITU-R BT.601, full range), in 1/65536.
fn mix_luma_and_chroma(&[y, cb, cr]: &[u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb]
        .map(|value| u8::try_from(((value + (1 << 15)) >> 16).clamp(0, 255)).unwrap_or(u8::MAX))
}

/// The file with a few bytes changed, without copying it.
struct Patched<'a> {
    file: Cursor<&'a [u8]>,
    patches: Vec<(u64, u8)>,
}

impl Read for Patched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let start = self.file.position();
        let length = self.file.read(buffer)?;
        for &(at, byte) in &self.patches {
            let place = at.checked_sub(start).and_then(|place| usize::try_from(place).ok());
            if let Some(slot) = place.and_then(|place| buffer[..length].get_mut(place)) {
                *slot = byte;
            }
        }
        Ok(length)
    }
}

impl Seek for Patched<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}
