use std::{borrow::Cow, io::Write};

use flate2::{Compression, write::ZlibEncoder};
use hayro::hayro_syntax::{
    Filter,
    object::{Array, Dict, Object, Stream},
};
use lopdf::{Dictionary, Object as PdfObject, Stream as PdfStream, StringFormat, dictionary};
use moxcms::{ColorProfile, DataColorSpace};

use super::{
    JpegHeader,
    bombs::MAX_STREAM_BYTES,
    filters::{coded_picture, unpacked, unpacked_size},
    jpeg_bare::without_metadata,
    jpx_bare::plain_jpx,
};

/// What a picture is on its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// All of it.
    Picture,
    /// The same, of dark ink where nothing is left clear, on paper.
    InkOnPaper,
    /// One among others, which may let some of them through.
    Layer,
    /// One of these that is painted with ink, or says where another is seen.
    Stencil,
    /// One that says how much of another is seen.
    SoftMask,
}

/// Takes a picture out of a PDF as the file codes it, such that any PDF/A-2 may hold it: JPEG and JPEG 2000 (without metadata),
/// fax, JBIG2 and Flate stay byte for byte, and colours what they are. Streams that it needs (a profile, a palette, symbols) stand
/// in its dictionary directly. `None` for what an archive does not allow, or what is not sure to be whole.
pub(super) fn take_coded(picture: &Stream<'_>, role: Role) -> Option<PdfStream> {
    let dict = picture.dict();
    let (width, height) = (dict.get::<u32>("Width")?, dict.get::<u32>("Height")?);
    let mut image = dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => width, "Height" => height };
    take_masks(dict, role, &mut image)?;
    let is_stencil = matches!(role, Role::InkOnPaper | Role::Stencil);
    let mut colors = 1;
    if role == Role::Stencil {
        image.set("ImageMask", true);
    } else if is_stencil {
        image.set("ColorSpace", "DeviceGray");
    } else if let Some(space) = dict.get::<Object<'_>>("ColorSpace") {
        let (space, count) = copy_space(&space)?;
        if role == Role::SoftMask && space != PdfObject::from("DeviceGray") {
            return None;
        }
        image.set("ColorSpace", space);
        colors = count;
    }
    let bits = if is_stencil { 1 } else { dict.get::<u8>("BitsPerComponent").unwrap_or(8) };
    image.set("BitsPerComponent", i64::from(bits));
    if let Some(decode) = dict.get::<Array<'_>>("Decode") {
        image.set("Decode", decode.iter::<f32>().take(8).map(PdfObject::Real).collect::<Vec<_>>());
    }
    let (filter, data) = match coded_picture(picture, MAX_STREAM_BYTES) {
        Some((Filter::DctDecode, data)) => (Filter::DctDecode, Cow::Owned(without_metadata(&data))),
        Some((Filter::JpxDecode, data)) => (Filter::JpxDecode, Cow::Owned(plain_jpx(&data)?)),
        Some((filter, data)) => (filter, data),
        None => (Filter::FlateDecode, take_flate(picture, width, height, colors * u64::from(bits))?),
    };
    let has_space = is_stencil || image.has(b"ColorSpace");
    let (name, keys): (_, &[&str]) = match filter {
        Filter::FlateDecode if has_space => ("FlateDecode", &["Predictor", "Colors", "BitsPerComponent", "Columns"]),
        Filter::DctDecode if has_space && !is_stencil && is_sound_jpeg(&data, (width, height), colors) => {
            ("DCTDecode", &["ColorTransform"])
        }
        Filter::CcittFaxDecode if has_space && colors * u64::from(bits) == 1 => {
            ("CCITTFaxDecode", &["K", "Columns", "Rows", "BlackIs1", "EncodedByteAlign", "EndOfLine", "EndOfBlock"])
        }
        Filter::Jbig2Decode if has_space && colors * u64::from(bits) == 1 => ("JBIG2Decode", &["JBIG2Globals"]),
        Filter::JpxDecode if !is_stencil => ("JPXDecode", &[]),
        _ => return None,
    };
    let parameters = copy_parameters(picture, keys)?;
    // packed once more: a JPEG of empty paper takes a tenth then
    let packed = (picture.filters().len() > 1).then(|| pack(&data)).flatten().filter(|it| it.len() < data.len() / 2);
    if packed.is_some() {
        image.set("Filter", vec!["FlateDecode".into(), name.into()]);
        let parameters = parameters.map_or(PdfObject::Null, PdfObject::from);
        image.set("DecodeParms", vec![PdfObject::Null, parameters]);
    } else {
        image.set("Filter", name);
        parameters.into_iter().for_each(|parameters| image.set("DecodeParms", parameters));
    }
    Some(PdfStream::new(image, packed.unwrap_or_else(|| data.into_owned())).with_compression(false))
}

/// Copies what says where a picture is clear; `None` when that is said in a way that its role has no place for.
fn take_masks(dict: &Dict<'_>, role: Role, image: &mut Dictionary) -> Option<()> {
    // colours that were mixed with some background before
    if dict.contains_key("SMaskInData") || dict.contains_key("Matte") {
        return None;
    }
    let masks = [("Mask", Role::Stencil), ("SMask", Role::SoftMask)];
    for (key, mask_role) in masks.into_iter().filter(|(key, _)| dict.contains_key(key)) {
        // else it is a list of colours
        let mask = dict.get::<Stream<'_>>(key).filter(|_| role == Role::Layer)?;
        image.set(key, take_coded(&mask, mask_role)?);
    }
    Some(())
}

fn pack(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

/// Gives Flate as it is coded when it unpacks to all rows; `bits` is what a pixel has.
fn take_flate<'a>(picture: &Stream<'a>, width: u32, height: u32, bits: u64) -> Option<Cow<'a, [u8]>> {
    let data = picture.raw_data();
    let has_header =
        matches!(*data, [cmf, flg, ..] if cmf & 15 == 8 && (u32::from(cmf) << 8 | u32::from(flg)).is_multiple_of(31));
    let rows = (u64::from(width) * bits).div_ceil(8) * u64::from(height);
    let is_whole = unpacked_size(picture, MAX_STREAM_BYTES).is_some_and(|size| size >= rows);
    (picture.filters()[..] == [Filter::FlateDecode] && has_header && is_whole).then_some(data)
}

fn is_sound_jpeg(jpeg: &[u8], size: (u32, u32), colors: u64) -> bool {
    let header = JpegHeader::read(jpeg).ok().filter(JpegHeader::is_whole);
    header.is_some_and(|header| (header.width, header.height) == size && u64::from(header.components) == colors)
}

/// Copies a colour space, and says how many samples it has: grey and RGB of the device, which the profile of an archive
/// covers; spaces with a sound profile of their own; palettes of these.
fn copy_space(space: &Object<'_>) -> Option<(PdfObject, u64)> {
    let array = match space {
        Object::Name(name) => return device_space(name),
        Object::Array(array) => array,
        _ => return None,
    };
    let mut parts = array.iter::<Object<'_>>();
    match (parts.next()?, parts.next()) {
        (Object::Name(name), None) => device_space(&name),
        (Object::Name(name), Some(Object::Stream(profile))) if &*name == b"ICCBased" => profiled_space(&profile),
        (Object::Name(name), Some(base)) if &*name == b"Indexed" => {
            let (base, _) = copy_space(&base).filter(|(base, _)| !is_palette(base))?;
            let last = parts.next()?.into_i32()?.clamp(0, 255);
            let table = match parts.next()? {
                Object::String(table) => table.as_bytes().to_vec(),
                Object::Stream(table) => unpacked(&table, MAX_STREAM_BYTES)?.into_owned(),
                _ => return None,
            };
            let table = PdfObject::String(table, StringFormat::Hexadecimal);
            Some((vec!["Indexed".into(), base, last.into(), table].into(), 1))
        }
        _ => None,
    }
}

fn is_palette(space: &PdfObject) -> bool {
    space.as_array().is_ok_and(|parts| parts.first().is_some_and(|name| name.as_name().is_ok_and(|n| n == b"Indexed")))
}

fn device_space(name: &[u8]) -> Option<(PdfObject, u64)> {
    match name {
        b"DeviceGray" => Some(("DeviceGray".into(), 1)),
        b"DeviceRGB" => Some(("DeviceRGB".into(), 3)),
        _ => None,
    }
}

/// A profile that can't be read is one that no viewer uses; grey and RGB are then those of the device.
fn profiled_space(profile: &Stream<'_>) -> Option<(PdfObject, u64)> {
    let count = profile.dict().get::<u8>("N")?;
    let data = unpacked(profile, MAX_STREAM_BYTES)?;
    let is_sound = ColorProfile::new_from_slice(&data).is_ok_and(|sound| {
        let expected = match sound.color_space {
            DataColorSpace::Gray => 1,
            DataColorSpace::Rgb => 3,
            DataColorSpace::Cmyk => 4,
            _ => 0,
        };
        // the first byte of its version: an archive of part 2 knows four
        expected == count && data.get(8).is_some_and(|version| *version <= 4)
    });
    if !is_sound {
        return device_space(match count {
            1 => b"DeviceGray",
            3 => b"DeviceRGB",
            _ => b"",
        });
    }
    let mut stream = PdfStream::new(dictionary! { "N" => i64::from(count) }, data.into_owned());
    // what can't be made smaller stays as it is
    let _ = stream.compress();
    Some((vec!["ICCBased".into(), PdfObject::Stream(stream)].into(), u64::from(count)))
}

/// Copies what the last filter is told; `None` when it is told in a way that can't be.
fn copy_parameters(picture: &Stream<'_>, keys: &[&str]) -> Option<Option<Dictionary>> {
    let filters = picture.filters().len();
    let told = match picture.dict().get::<Object<'_>>("DecodeParms") {
        Some(Object::Dict(told)) if filters == 1 => told,
        Some(Object::Array(list)) => match list.iter::<Object<'_>>().nth(filters.checked_sub(1)?) {
            Some(Object::Dict(told)) => told,
            Some(Object::Null(_)) | None => return Some(None),
            Some(_) => return None,
        },
        Some(Object::Null(_)) | None => return Some(None),
        Some(_) => return None,
    };
    let mut copy = Dictionary::new();
    for key in keys {
        if let Some(value) = told.get::<Object<'_>>(key) {
            copy.set(*key, copy_parameter(value)?);
        }
    }
    Some((!copy.is_empty()).then_some(copy))
}

fn copy_parameter(value: Object<'_>) -> Option<PdfObject> {
    match value {
        Object::Boolean(value) => Some(value.into()),
        Object::Number(number) => Some(number.as_i64().into()),
        Object::Stream(symbols) => {
            let symbols = unpacked(&symbols, MAX_STREAM_BYTES)?.into_owned();
            Some(PdfStream::new(Dictionary::new(), symbols).with_compression(false).into())
        }
        _ => None,
    }
}
