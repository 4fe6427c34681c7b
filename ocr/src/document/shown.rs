use hayro::{
    hayro_interpret::hayro_syntax::object::{Name, Stream},
    hayro_syntax::object::Object,
};

use super::{OpenOptions, jpeg, jpeg_bare::without_metadata};
use crate::{document::JpegHeader, orientation::Orientation};

/// Whether the stream can be shown to a person as it is.
pub(super) enum Shown {
    No,
    /// A whole JPEG of this size.
    Jpeg {
        width: u32,
        height: u32,
        bytes: Vec<u8>,
    },
    /// A JPEG that ends early.
    CutOff,
}

pub(super) fn shown_as_it_is(stream: &Stream<'_>, orientation: Orientation) -> Shown {
    let dict = stream.dict();
    let is_jpeg = match dict.get::<Object<'_>>("Filter") {
        Some(Object::Name(name)) => &*name == b"DCTDecode",
        Some(Object::Array(array)) => array.iter::<Name<'_>>().map(|name| &*name == b"DCTDecode").eq([true]),
        _ => false,
    };
    if !is_jpeg {
        return Shown::No;
    }
    let bytes = stream.raw_data();
    let Ok(header) = JpegHeader::read(&bytes) else { return Shown::CutOff };
    if header.check(&OpenOptions { max_page_pixels: u64::MAX, ..OpenOptions::default() }).is_err() {
        return Shown::CutOff;
    }
    let has_plain_colors = match dict.get::<Object<'_>>("ColorSpace") {
        Some(Object::Name(name)) => is_plain(&name),
        Some(Object::Array(array)) => array.iter::<Name<'_>>().next().is_some_and(|name| is_plain(&name)),
        _ => true,
    };
    let is_small = bytes.len() <= jpeg::MAX_SHOWN_BYTES;
    if orientation == Orientation::Upright
        && header.is_plain()
        && is_small
        && has_plain_colors
        && !dict.contains_key("Decode")
    {
        return Shown::Jpeg { width: header.width, height: header.height, bytes: without_metadata(&bytes) };
    }
    Shown::No
}

fn is_plain(name: &[u8]) -> bool {
    matches!(name, b"DeviceGray" | b"DeviceRGB" | b"ICCBased" | b"CalGray" | b"CalRGB")
}
