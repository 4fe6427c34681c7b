use hayro::{
    hayro_interpret::{BlendMode, Image, ImageDrawProps},
    hayro_syntax::{
        Filter,
        object::{Dict, Object, Stream},
    },
    kurbo::Rect,
};

use super::{bombs::MAX_STREAM_BYTES, filters::coded_picture, watch::resolution};

/// A picture on a PDF page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    /// What one sees of it, in points on the upright page, origin top left, y downwards.
    pub(super) area: Rect,
    /// Dots per inch as it lies there.
    pub(super) dpi: f64,
    /// Whether nothing shows through it.
    pub(super) is_opaque: bool,
    /// Pixels, as the picture and the data in it say; what they say may be wrong.
    pub(super) size: (u32, u32),
}

impl Picture {
    pub(super) fn new(image: &Image<'_, '_>, props: &ImageDrawProps<'_>, clip: Rect) -> Self {
        let (width, height) = (image.width(), image.height());
        let whole = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let bounds = props.transform.transform_rect_bbox(whole);
        let area = if clip.overlaps(bounds) { bounds.intersect(clip) } else { Rect::ZERO };
        let (is_raster, stream) = match image {
            Image::Raster(raster) => (true, raster.stream()),
            Image::Stencil(stencil) => (false, stencil.stream()),
        };
        let dict = stream.dict();
        let is_opaque = is_raster
            && !["SMask", "Mask", "SMaskInData"].iter().any(|key| dict.contains_key(key.as_bytes()))
            && props.soft_mask.is_none()
            && props.blend_mode == BlendMode::Normal;
        let inner = inner_size(stream).unwrap_or((0, 0));
        Self { area, dpi: resolution(props.transform), is_opaque, size: (width.max(inner.0), height.max(inner.1)) }
    }
}

/// Reads the size from the data, where a decoder believes the data more than the picture around it.
fn inner_size(stream: &Stream<'_>) -> Option<(u32, u32)> {
    let (filter, data) = coded_picture(stream, MAX_STREAM_BYTES)?;
    match filter {
        Filter::JpxDecode => jpx_size(&data[..data.len().min(64 << 10)]),
        Filter::Jbig2Decode => jbig2_size(&data),
        Filter::CcittFaxDecode => {
            let parameters = last_parameters(stream);
            let number = |key: &str| parameters.as_ref().and_then(|dict| dict.get::<u32>(key));
            Some((number("Columns").unwrap_or(1728), number("Rows").unwrap_or(0)))
        }
        _ => None,
    }
}

/// Gives the parameters of the filter that makes the pixels.
fn last_parameters<'a>(stream: &Stream<'a>) -> Option<Dict<'a>> {
    let dict = stream.dict();
    match dict.get::<Object<'a>>("DP").or_else(|| dict.get("DecodeParms"))? {
        Object::Array(all) => all.iter::<Object<'a>>().last().and_then(Object::into_dict),
        other => other.into_dict(),
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

fn jpx_size(head: &[u8]) -> Option<(u32, u32)> {
    /// Marker of a codestream and, right behind it, that of its size (ISO 15444-1, A.4.1 and A.5.1).
    const START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
    let at = head.windows(START.len()).position(|bytes| bytes == START)? + START.len();
    // length and capabilities, two bytes each, then the far corner and the near one, then the size of a tile
    let side = |far: usize, near: usize| Some(number(head, at + far)?.saturating_sub(number(head, at + near)?));
    let (width, height) = (side(4, 12)?, side(8, 16)?);
    let count = |side: u32, tile: usize| Some(u64::from(side.div_ceil(number(head, at + tile)?.max(1))));
    // tiles are numbered in 16 bits (A.4.2); more only cost memory
    let has_too_many = count(width, 20)? * count(height, 24)? > u64::from(u16::MAX);
    Some(if has_too_many { (u32::MAX, u32::MAX) } else { (width, height) })
}

/// Finds the largest of what the segments make room for: the page and the grids of halftones (ITU-T T.88, 7.2, 7.4.5 and
/// 7.4.8).
fn jbig2_size(data: &[u8]) -> Option<(u32, u32)> {
    let mut largest = None;
    let mut at = 0;
    while let Some(segment) = jbig2_segment(data, at) {
        let area = |size: &(u32, u32)| u64::from(size.0) * u64::from(size.1);
        largest = largest.into_iter().chain(segment.size).max_by_key(area);
        at = segment.next;
    }
    largest
}

struct Jbig2Segment {
    size: Option<(u32, u32)>,
    /// Where the next one begins.
    next: usize,
}

fn jbig2_segment(data: &[u8], at: usize) -> Option<Jbig2Segment> {
    const PAGE_INFORMATION: u8 = 48;
    const HALFTONES: [u8; 3] = [20, 22, 23];
    /// Box of the region, and its flags.
    const REGION: usize = 18;
    let (segment, flags, references) = (number(data, at)?, *data.get(at + 4)?, *data.get(at + 5)? >> 5);
    // more than four references are coded in another way; no page begins so
    if references > 4 {
        return None;
    }
    let reference_size = if segment <= 256 {
        1
    } else if segment <= 65_536 {
        2
    } else {
        4
    };
    let page_size = if flags & 0x40 == 0 { 1 } else { 4 };
    let length_at = at + 6 + usize::from(references) * reference_size + page_size;
    let start = length_at + 4;
    let size = match flags & 0x3f {
        // a height that is not known yet is all ones; then the picture around says it
        PAGE_INFORMATION => number(data, start).zip(number(data, start + 4).filter(|&height| height != u32::MAX)),
        kind if HALFTONES.contains(&kind) => number(data, start + REGION).zip(number(data, start + REGION + 4)),
        _ => None,
    };
    let next = start.checked_add(number(data, length_at)? as usize)?;
    Some(Jbig2Segment { size, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_page_of_jbig2_behind_a_dictionary() {
        // segment 0: symbols, 3 bytes; segment 1: page 1, 70,000 x 50,000
        let mut data = vec![0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 9, 9, 9, 0, 0, 0, 1, 48, 0, 1, 0, 0, 0, 19];
        data.extend([70_000_u32, 50_000].iter().flat_map(|side| side.to_be_bytes()));
        assert_eq!(jbig2_size(&data), Some((70_000, 50_000)));
        assert_eq!(jbig2_size(&data[..20]), None);
    }
}
