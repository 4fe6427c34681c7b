//! Reads every page of a TIFF.
//!
//! Promises: a page that can't be read fails alone; each page's size is checked before its pixels are decoded; fax
//! codes of all three kinds, palettes, bits in either order. Refuses to know: anything but pixels and resolution.
//!
//! Directories are read here, because the `tiff` crate gives up on a file whose first page it doesn't like. It
//! decodes everything but fax codes, and is shown one directory at a time.

mod directory;
mod fax;
mod jpeg;
mod jpeg_strips;
mod samples;

pub(crate) use directory::{Chain, PageOffset};
pub(crate) use jpeg::{PageJpeg, find_jpeg};

use directory::{Directory, Tag};
use fax::{FaxCode, decode_fax};
use samples::decode_samples;

use super::{OpenOptions, PageInspection};
use crate::{OcrError, Raster, orientation::Orientation, raster::resolve_dpi};

const CUT_OFF: OcrError = OcrError::unreadable("the TIFF is damaged or cut off");

/// Finds the pages: directories that are not thumbnails or masks of others.
pub(crate) fn list_pages(bytes: &[u8], options: &OpenOptions) -> Result<Chain, OcrError> {
    let chain = directory::walk(bytes, options.max_pages)?;
    if let [only] = chain.pages[..] {
        let directory = Directory::read(bytes, only).ok_or(CUT_OFF)?;
        options.check_pixels(directory.width, directory.height)?;
    }
    Ok(chain)
}

/// Reads what a page's directory says.
pub(crate) fn inspect_page(bytes: &[u8], page: PageOffset, options: &OpenOptions) -> Result<PageInspection, OcrError> {
    let directory = Directory::read(bytes, page).ok_or(CUT_OFF)?;
    let (width, height) = (directory.width, directory.height);
    options.check_pixels(width, height)?;
    let orientation = Orientation::from_exif(directory.number(Tag::Orientation).unwrap_or(1));
    let size = orientation.upright_size((width, height));
    Ok(PageInspection::of_picture(size, resolve_dpi(size, directory.dpi())))
}

/// Decodes one page, upright.
pub(crate) fn decode_page(bytes: &[u8], page: PageOffset, options: &OpenOptions) -> Result<Raster, OcrError> {
    let directory = Directory::read(bytes, page).ok_or(CUT_OFF)?;
    options.check_pixels(directory.width, directory.height)?;
    let (channels, pixels) = match fax_code(&directory) {
        Some(code) => (1, decode_fax_page(bytes, &directory, code)?),
        None => decode_samples(bytes, &directory)?,
    };
    let orientation = Orientation::from_exif(directory.number(Tag::Orientation).unwrap_or(1));
    let (size, pixels) = orientation.apply((directory.width, directory.height), channels, pixels);
    let [mut across, mut down] = [Tag::XResolution, Tag::YResolution].map(|tag| directory.density(tag));
    if orientation.swaps_sides() {
        std::mem::swap(&mut across, &mut down);
    }
    let raster = Raster::from_bytes(size, channels, pixels)?;
    Ok(raster.with_dpi(directory.dpi()).with_densities(across, down))
}

fn fax_code(directory: &Directory<'_>) -> Option<FaxCode> {
    let options = directory.number(Tag::T4Options).unwrap_or(0);
    match directory.number(Tag::Compression)? {
        2 => Some(FaxCode::ModifiedHuffman),
        3 => Some(FaxCode::Group3 { is_two_dimensional: options & 1 != 0, rows_are_byte_aligned: options & 4 != 0 }),
        4 => Some(FaxCode::Group4),
        _ => None,
    }
}

/// Decodes strips of fax codes to grey. Missing rows are an error: blank paper where text was would be silent loss.
fn decode_fax_page(bytes: &[u8], directory: &Directory<'_>, code: FaxCode) -> Result<Vec<u8>, OcrError> {
    let (width, height) = (directory.width, directory.height);
    let rows_per_strip = directory.number(Tag::RowsPerStrip).unwrap_or(height).clamp(1, height);
    let is_low_bit_first = directory.number(Tag::FillOrder) == Some(2);
    // photometric 0: a set bit (black in fax codes) is black
    let ink = if directory.number(Tag::Photometric) == Some(1) { 0xff } else { 0 };
    let row_bytes = width.div_ceil(8) as usize;
    let mut gray = Vec::with_capacity(width as usize * height as usize);
    let mut rows_left = height;
    for data in directory.chunks(bytes, Tag::StripOffsets, Tag::StripByteCounts) {
        let rows = rows_per_strip.min(rows_left);
        // the decoder takes no rows for no limit
        if rows == 0 {
            break;
        }
        let data = data.ok_or(CUT_OFF)?;
        let bits = match is_low_bit_first {
            true => decode_fax(code, &data.iter().map(|b| b.reverse_bits()).collect::<Vec<_>>(), width, rows),
            false => decode_fax(code, data, width, rows),
        };
        for row in bits.chunks_exact(row_bytes) {
            gray.extend((0..width as usize).map(|x| if row[x / 8] & (0x80 >> (x % 8)) == 0 { !ink } else { ink }));
        }
        rows_left -= rows;
    }
    // scanners often lose the last rows of a fax page; a tenth missing is a damaged file
    let expected = width as usize * height as usize;
    if rows_left > 0 || gray.len() < expected / 10 * 9 {
        return Err(CUT_OFF);
    }
    gray.resize(expected, !ink);
    Ok(gray)
}
