//! What travels over a socket, beside the events themselves.

use std::collections::BTreeMap;

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};
use untxt_core::domain::{DocumentId, EventSeq, TaskId, UserId};
use untxt_database::events::DocumentChange;

use crate::tasks::Place;

/// What a client may ask for: the events of a task after one it has seen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Follow {
    pub(super) follow: TaskId,
    #[serde(default)]
    pub(super) after: EventSeq,
}

#[derive(Serialize)]
struct Hello {
    r#type: &'static str,
    user: UserId,
}

/// The first frame: who the server thinks is listening.
pub(super) fn hello(user: UserId) -> Utf8Bytes {
    serde_json::to_string(&Hello { r#type: "hello", user }).unwrap_or_default().into()
}

#[derive(Serialize)]
struct PlacesFrame<'a> {
    r#type: &'static str,
    places: &'a BTreeMap<TaskId, Place>,
}

/// Says where the tasks stand that have pages to be read; what is not in it has none.
pub(super) fn places(places: &BTreeMap<TaskId, Place>) -> Utf8Bytes {
    serde_json::to_string(&PlacesFrame { r#type: "places", places }).unwrap_or_default().into()
}

#[derive(Serialize)]
struct DocumentFrame {
    r#type: &'static str,
    document: DocumentId,
    change: DocumentChange,
}

/// Says that a document went to the trash, came back, or is gone.
pub(super) fn document(document: DocumentId, change: DocumentChange) -> Utf8Bytes {
    serde_json::to_string(&DocumentFrame { r#type: "document", document, change }).unwrap_or_default().into()
}

/// Says that events may have been missed: load the documents again.
pub(super) const fn resync() -> Utf8Bytes {
    Utf8Bytes::from_static(r#"{"type":"resync"}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_only_follow() {
        let task = TaskId::generate();
        let frame: Follow = serde_json::from_str(&format!(r#"{{"follow":"{task}","after":7}}"#)).expect("good");
        assert_eq!((frame.follow, frame.after), (task, EventSeq(7)));
        assert!(serde_json::from_str::<Follow>(r#"{"follow":"all"}"#).is_err());
        assert!(serde_json::from_str::<Follow>(r#"{"subscribe":"*"}"#).is_err());
        assert_eq!(resync().as_str(), r#"{"type":"resync"}"#);
    }
}
