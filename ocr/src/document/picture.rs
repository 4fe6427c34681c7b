use hayro::{
    hayro_interpret::{BlendMode, Image, ImageDrawProps},
    hayro_syntax::object::{Name, Object, Stream},
    kurbo::Rect,
};

use super::watch::resolution;

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

/// Reads the size from JPEG 2000 data, which is decoded whole whatever the picture around it says.
fn inner_size(stream: &Stream<'_>) -> Option<(u32, u32)> {
    /// Marker of a codestream and, right behind it, that of its size (ISO 15444-1, A.4.1 and A.5.1).
    const START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
    let is_last = match stream.dict().get::<Object<'_>>("Filter")? {
        Object::Name(name) => &*name == b"JPXDecode",
        Object::Array(filters) => filters.iter::<Name<'_>>().last().is_some_and(|name| &*name == b"JPXDecode"),
        _ => false,
    };
    if !is_last {
        return None;
    }
    let data = stream.raw_data();
    let head = &data[..data.len().min(64 << 10)];
    let at = head.windows(START.len()).position(|bytes| bytes == START)? + START.len();
    // length and capabilities, two bytes each, then the far corner and the near one
    let number = |place: usize| Some(u32::from_be_bytes(*head.get(at + place..)?.first_chunk()?));
    Some((number(4)?.saturating_sub(number(12)?), number(8)?.saturating_sub(number(16)?)))
}
