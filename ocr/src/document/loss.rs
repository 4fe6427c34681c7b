use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use flate2::read::ZlibDecoder;
use hayro::{
    hayro_interpret::{InterpreterSettings, InterpreterWarning},
    hayro_syntax::{
        object::{Name, Object, Stream},
        page::Page,
    },
};

/// Says whether a part of what the page draws gives nothing at all: cut off, missing, or coded in an unknown way.
pub(super) fn is_content_lost(page: &Page<'_>) -> bool {
    let is_lost = |stream: Stream<'_>| {
        let filter = stream.dict().get::<Name<'_>>("Filter");
        if filter.is_none_or(|name| &*name != b"FlateDecode") {
            return false;
        }
        let mut first = [0; 64];
        ZlibDecoder::new(&*stream.raw_data()).read(&mut first).is_err()
    };
    let pictures = &page.resources().x_objects;
    let is_unreadable =
        |name: Name<'_>| pictures.get::<Stream<'_>>(&*name).is_none_or(|stream| has_unknown_filter(&stream));
    if pictures.keys().any(is_unreadable) {
        return true;
    }
    match page.raw().get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => is_lost(stream),
        Some(Object::Array(streams)) => streams.iter::<Stream<'_>>().any(is_lost),
        _ => false,
    }
}

pub(super) fn has_unknown_filter(stream: &Stream<'_>) -> bool {
    const KNOWN: [&[u8]; 10] = [
        b"ASCIIHexDecode",
        b"ASCII85Decode",
        b"LZWDecode",
        b"FlateDecode",
        b"RunLengthDecode",
        b"CCITTFaxDecode",
        b"JBIG2Decode",
        b"DCTDecode",
        b"JPXDecode",
        b"Crypt",
    ];
    let is_known = |name: Name<'_>| KNOWN.contains(&&*name);
    match stream.dict().get::<Object<'_>>("Filter") {
        Some(Object::Name(name)) => !is_known(name),
        Some(Object::Array(names)) => !names.iter::<Name<'_>>().all(is_known),
        _ => false,
    }
}

/// Makes settings that note when a picture can't be decoded.
pub(super) fn settings_noting_loss(lost_image: &Arc<AtomicBool>) -> InterpreterSettings {
    let lost_image = Arc::clone(lost_image);
    InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            if matches!(warning, InterpreterWarning::ImageDecodeFailure) {
                lost_image.store(true, Ordering::Relaxed);
            }
        }),
        ..InterpreterSettings::default()
    }
}
