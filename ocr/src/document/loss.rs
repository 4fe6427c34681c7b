use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro::{
    hayro_interpret::{InterpreterSettings, InterpreterWarning},
    hayro_syntax::{
        Filter,
        object::{Name, Object, Stream},
        page::Page,
    },
};

use super::{
    bombs::MAX_STREAM_BYTES,
    filters::coded_picture,
    jpeg_blocks::{Completeness, judge},
};

/// Says whether a part of what the page draws gives nothing at all: cut off, missing, or coded in an unknown way.
pub(super) fn is_content_lost(page: &Page<'_>) -> bool {
    let is_lost = |stream: Stream<'_>| {
        let data = stream.raw_data();
        let begins = |mut decoder: Box<dyn Read + '_>| decoder.read(&mut [0; 64]).is_ok();
        stream.filters()[..] == [Filter::FlateDecode]
            && !begins(Box::new(ZlibDecoder::new(&*data)))
            && !begins(Box::new(DeflateDecoder::new(&*data)))
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

/// Says whether the renderer leaves out a filter of the stream.
pub(super) fn has_unknown_filter(stream: &Stream<'_>) -> bool {
    let named = match stream.dict().get::<Object<'_>>("F").or_else(|| stream.dict().get("Filter")) {
        Some(Object::Name(_)) => 1,
        Some(Object::Array(names)) => names.iter::<Name<'_>>().count(),
        _ => 0,
    };
    stream.filters().len() < named
}

/// Says how much of a picture is there; only of a JPEG that is known.
pub(super) fn completeness_of(picture: &Stream<'_>) -> Completeness {
    match coded_picture(picture, MAX_STREAM_BYTES) {
        Some((Filter::DctDecode, data)) => judge(&data),
        _ => Completeness::Whole,
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
