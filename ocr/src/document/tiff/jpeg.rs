use std::borrow::Cow;

use super::{
    directory::{Directory, PageOffset, Tag},
    jpeg_strips::join_strips,
};
use crate::{document::JpegHeader, orientation::Orientation};

/// The picture of a page as one JPEG.
pub(crate) struct PageJpeg<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) header: JpegHeader,
    /// What the directory says of it, which counts more than what the JPEG itself says.
    pub(crate) orientation: Orientation,
    pub(crate) dpi: Option<f64>,
}

/// Adobe's marker: no transform of colours.
const AS_RGB: &[u8] = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0";

/// Finds the JPEG of a page that is coded as one whole, or in strips that can be joined to one, in colours that a JPEG
/// has: grey, luma and chroma, or RGB, which it is told. Its tables may stand apart (TIFF technical note 2) and are put back.
pub(crate) fn find_jpeg(bytes: &[u8], page: PageOffset) -> Option<PageJpeg<'_>> {
    const JPEG: u32 = 7;
    /// Of 8 rows each, the tallest JPEG.
    const MAX_STRIPS: usize = 8192;
    let directory = Directory::read(bytes, page)?;
    if directory.number(Tag::Compression) != Some(JPEG) {
        return None;
    }
    let strips = directory.chunks(bytes, Tag::StripOffsets, Tag::StripByteCounts);
    let strip: Cow<'_, [u8]> = match strips.take(MAX_STRIPS + 1).collect::<Option<Vec<_>>>()?[..] {
        [whole] => whole.into(),
        ref strips if strips.len() <= MAX_STRIPS => join_strips(strips)?.into(),
        _ => return None,
    };
    // what says that colours are not luma and chroma; many programs would take them for these
    let mark: &[u8] = if directory.number(Tag::Photometric) == Some(2) { AS_RGB } else { &[] };
    let whole: Cow<'_, [u8]> = match directory.bytes(Tag::JpegTables) {
        // both start with a marker of two bytes, the tables end with one
        Some([_, _, tables @ .., _, _]) => [strip.get(..2)?, mark, tables, strip.get(2..)?].concat().into(),
        _ if !mark.is_empty() => [strip.get(..2)?, mark, strip.get(2..)?].concat().into(),
        _ => strip,
    };
    let header = JpegHeader::read(&whole).ok()?;
    let fits = (header.width, header.height) == (directory.width, directory.height) && header.is_whole();
    let has_own_colors = match directory.number(Tag::Photometric) {
        Some(1) => header.components == 1,
        Some(2 | 6) => header.components == 3,
        _ => false,
    };
    let orientation = Orientation::from_exif(directory.number(Tag::Orientation).unwrap_or(1));
    (fits && has_own_colors).then(|| PageJpeg { bytes: whole, header, orientation, dpi: directory.dpi() })
}
