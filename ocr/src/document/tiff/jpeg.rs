use std::borrow::Cow;

use super::directory::{Directory, PageOffset, Tag};
use crate::{document::JpegHeader, orientation::Orientation};

/// The picture of a page as one JPEG.
pub(crate) struct PageJpeg<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) header: JpegHeader,
    /// What the directory says of it, which counts more than what the JPEG itself says.
    pub(crate) orientation: Orientation,
    pub(crate) dpi: Option<f64>,
}

/// Finds the JPEG of a page that is coded as one whole, in the colours that a JPEG has without being told: grey, or
/// luma and chroma. Its tables may stand apart (TIFF technical note 2) and are put back.
pub(crate) fn find_jpeg(bytes: &[u8], page: PageOffset) -> Option<PageJpeg<'_>> {
    const JPEG: u32 = 7;
    let directory = Directory::read(bytes, page)?;
    if directory.number(Tag::Compression) != Some(JPEG) {
        return None;
    }
    let mut chunks = directory.chunks(bytes, Tag::StripOffsets, Tag::StripByteCounts);
    let (strip, rest) = (chunks.next()??, chunks.next());
    if rest.is_some() {
        return None;
    }
    let whole: Cow<'_, [u8]> = match directory.bytes(Tag::JpegTables) {
        // both start with a marker of two bytes, the tables end with one
        Some([_, _, tables @ .., _, _]) => [&strip[..2.min(strip.len())], tables, strip.get(2..)?].concat().into(),
        _ => strip.into(),
    };
    let header = JpegHeader::read(&whole).ok()?;
    let fits = (header.width, header.height) == (directory.width, directory.height) && header.is_whole();
    let has_own_colors = match directory.number(Tag::Photometric) {
        Some(1) => header.components == 1,
        Some(6) => header.components == 3,
        _ => false,
    };
    let orientation = Orientation::from_exif(directory.number(Tag::Orientation).unwrap_or(1));
    (fits && has_own_colors).then(|| PageJpeg { bytes: whole, header, orientation, dpi: directory.dpi() })
}
