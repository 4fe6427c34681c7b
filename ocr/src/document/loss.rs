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
        content::{
            TypedIter,
            ops::{TypedInstruction, XObject},
        },
        object::{Dict, Name, Object, ObjectIdentifier, Stream},
        page::{Page, Resources},
    },
};

use super::{
    bombs::MAX_STREAM_BYTES,
    filters::{coded_picture, is_whole, unpacked_size},
    jpeg_blocks::{Completeness, judge},
};

/// Forms of a page that are looked into, how deep in each other, and what all of them may become, in bytes. Drawings have
/// tens, and text is small; the renderer draws nothing that is deeper.
const MOST_FORMS: usize = 4096;
const DEEPEST_FORM: usize = 50;
const MAX_FORM_BYTES: u64 = 64 << 20;

/// Says whether a page that shows nothing would show something, were it whole.
pub(super) fn is_content_lost(page: &Page<'_>) -> bool {
    let drawn = &page.resources().x_objects;
    let is_lost = |name: Name<'_>| drawn.get::<Stream<'_>>(&*name).is_none_or(|stream| has_unknown_filter(&stream));
    is_content_broken(page) || drawn.keys().any(is_lost)
}

/// Says whether the content of a page, or of a form that it draws, breaks off or is coded in an unknown way: it may say
/// more than it shows. So it may when its forms are more than are looked into.
pub(super) fn is_content_broken(page: &Page<'_>) -> bool {
    let is_broken = |stream: Stream<'_>| has_unknown_filter(&stream) || !is_whole(&stream, MAX_STREAM_BYTES);
    let is_page_broken = match page.raw().get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => is_broken(stream),
        Some(Object::Array(streams)) => streams.iter::<Stream<'_>>().any(is_broken),
        _ => false,
    };
    is_page_broken
        || has_forms(page) && FormSearch::default().finds_broken(page.typed_operations(), page.resources(), 0)
}

/// Looks at the forms that a page draws, and at those that they draw, each once.
#[derive(Default)]
struct FormSearch {
    seen: HashSet<ObjectIdentifier>,
    /// What those that were looked at unpack to.
    bytes: u64,
}

impl FormSearch {
    /// Says whether a form breaks off that the operations draw, at this depth, or is past a limit.
    fn finds_broken(&mut self, operations: TypedIter<'_>, named: &Resources<'_>, depth: usize) -> bool {
        drawn_forms(operations, named).iter().any(|form| self.is_broken(form, named, depth))
    }

    /// Says it of a form; what it names and doesn't have is what is named around it.
    fn is_broken(&mut self, form: &Stream<'_>, around: &Resources<'_>, depth: usize) -> bool {
        if !self.seen.insert(form.obj_id()) {
            return false;
        }
        let Some(bytes) = unpacked_size(form, MAX_FORM_BYTES - self.bytes) else { return true };
        self.bytes += bytes;
        let is_past = depth >= DEEPEST_FORM || self.seen.len() > MOST_FORMS;
        if is_past || has_unknown_filter(form) || !is_whole(form, MAX_FORM_BYTES) {
            return true;
        }
        let own = form.dict().get::<Dict<'_>>("Resources").map(Resources::new);
        let content = form.decoded_data().unwrap_or_default();
        self.finds_broken(TypedIter::new(&content), own.as_ref().unwrap_or(around), depth + 1)
    }
}

/// Most pages have pictures at most.
fn has_forms(page: &Page<'_>) -> bool {
    let named = page.resources();
    named.x_objects.keys().any(|name| form(named, &name).is_some())
}

fn form<'a>(named: &Resources<'a>, name: &[u8]) -> Option<Stream<'a>> {
    let stream = named.x_objects.get::<Stream<'_>>(name)?;
    (*stream.dict().get::<Name<'_>>("Subtype")? == *b"Form").then_some(stream)
}

/// Gives the forms that operations draw, each once, and one more than are looked into.
fn drawn_forms<'a>(mut operations: TypedIter<'_>, named: &Resources<'a>) -> Vec<Stream<'a>> {
    let (mut seen, mut forms) = (HashSet::new(), Vec::new());
    while let Some(operation) = operations.next().filter(|_| forms.len() <= MOST_FORMS) {
        if let TypedInstruction::XObject(XObject(name)) = operation
            && let Some(form) = form(named, name)
            && seen.insert(form.obj_id())
        {
            forms.push(form);
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
