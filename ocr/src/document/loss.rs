use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hayro::{
    hayro_interpret::{InterpreterSettings, InterpreterWarning},
    hayro_syntax::{
        Filter,
        content::ops::{TypedInstruction, XObject},
        object::{Name, Object, Stream},
        page::Page,
    },
};

use super::{
    bombs::MAX_STREAM_BYTES,
    filters::{coded_picture, is_whole},
    jpeg_blocks::{Completeness, judge},
};

/// Forms of a page that are looked into, and what each may become, in bytes: drawings have tens, and text is small.
const MOST_FORMS: usize = 64;
const MAX_FORM_BYTES: u64 = 8 << 20;

/// Says whether a page that shows nothing would show something, were it whole.
pub(super) fn is_content_lost(page: &Page<'_>) -> bool {
    let drawn = &page.resources().x_objects;
    let is_lost = |name: Name<'_>| drawn.get::<Stream<'_>>(&*name).is_none_or(|stream| has_unknown_filter(&stream));
    is_content_broken(page) || drawn.keys().any(is_lost)
}

/// Says whether the content of a page, or of a form that it draws, breaks off or is coded in an unknown way: it may say
/// more than it shows. Forms inside forms are not looked into.
pub(super) fn is_content_broken(page: &Page<'_>) -> bool {
    let is_broken = |stream: Stream<'_>, limit| has_unknown_filter(&stream) || !is_whole(&stream, limit);
    let is_page_broken = match page.raw().get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => is_broken(stream, MAX_STREAM_BYTES),
        Some(Object::Array(streams)) => streams.iter::<Stream<'_>>().any(|stream| is_broken(stream, MAX_STREAM_BYTES)),
        _ => false,
    };
    is_page_broken || drawn_forms(page).into_iter().any(|form| is_broken(form, MAX_FORM_BYTES))
}

/// Gives the forms that a page draws, each once.
fn drawn_forms<'a>(page: &Page<'a>) -> Vec<Stream<'a>> {
    let named = &page.resources().x_objects;
    let form = |name: &[u8]| {
        let stream = named.get::<Stream<'_>>(name)?;
        (*stream.dict().get::<Name<'_>>("Subtype")? == *b"Form").then_some(stream)
    };
    // most pages have pictures at most
    if !named.keys().any(|name| form(&name).is_some()) {
        return Vec::new();
    }
    let (mut seen, mut forms) = (HashSet::new(), Vec::new());
    let mut operations = page.typed_operations();
    while let Some(operation) = operations.next() {
        if let TypedInstruction::XObject(XObject(name)) = operation
            && forms.len() < MOST_FORMS
            && seen.insert(name.to_vec())
        {
            forms.extend(form(name));
        }
    }
    forms
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
