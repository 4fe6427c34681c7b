use std::{fmt, str::FromStr};

use crate::domain::{DocumentId, PageNumber, TaskId};

/// The path of an object: ids only, never a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKey {
    /// The uploaded file.
    Original(DocumentId),
    /// The picture of a page, made by one attempt (so that two attempts never share an object).
    PageImage(DocumentId, TaskId, PageNumber, u32),
    /// The searchable PDF of a task, made by one attempt.
    SearchablePdf(DocumentId, TaskId, u32),
    /// The receipt of a document that was shredded, in clear: ids, times and numbers. It stays when the document goes, and is
    /// listed apart.
    Receipt(DocumentId),
    /// The id of the installation whose bucket this is, in clear; it is in no listing.
    Installation,
    /// The signed head of a batch of the record of what was done, in clear; it is in no listing.
    AuditHead(u64),
}

impl ObjectKey {
    /// How every path of a document begins.
    pub(super) const PREFIX: &str = "documents/";
    /// How every path of a receipt begins.
    pub(super) const RECEIPTS: &str = "receipts/";

    /// Gives the document that it belongs to and goes with.
    #[must_use]
    pub const fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Original(document) | Self::PageImage(document, ..) | Self::SearchablePdf(document, ..) => {
                Some(*document)
            }
            Self::Receipt(_) | Self::Installation | Self::AuditHead(_) => None,
        }
    }

    /// Gives how every path of a document begins, to its last letter.
    pub(super) fn prefix_of(document: DocumentId) -> String {
        format!("{}{document}/", Self::PREFIX)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Original(document) => write!(f, "documents/{document}/original"),
            Self::PageImage(document, task, page, attempt) => {
                write!(f, "documents/{document}/tasks/{task}/pages/{page}/image-{attempt}")
            }
            Self::SearchablePdf(document, task, attempt) => {
                write!(f, "documents/{document}/tasks/{task}/searchable-{attempt}")
            }
            Self::Receipt(document) => write!(f, "receipts/{document}"),
            Self::Installation => f.write_str("installation"),
            Self::AuditHead(number) => write!(f, "audit/{number}"),
        }
    }
}

/// A path that [`ObjectKey`] did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no path of an object")]
pub struct UnknownKey;

impl FromStr for ObjectKey {
    type Err = UnknownKey;

    /// Reads back exactly what [`fmt::Display`] writes.
    fn from_str(path: &str) -> Result<Self, UnknownKey> {
        let key = parse(path).ok_or(UnknownKey)?;
        // Other spellings of the same ids name other objects.
        if key.to_string() == path { Ok(key) } else { Err(UnknownKey) }
    }
}

fn parse(path: &str) -> Option<ObjectKey> {
    if path == "installation" {
        return Some(ObjectKey::Installation);
    }
    if let Some(document) = path.strip_prefix(ObjectKey::RECEIPTS) {
        return Some(ObjectKey::Receipt(document.parse().ok()?));
    }
    if let Some(number) = path.strip_prefix("audit/") {
        return number.parse().ok().map(ObjectKey::AuditHead);
    }
    let (document, rest) = path.strip_prefix(ObjectKey::PREFIX)?.split_once('/')?;
    let document = document.parse().ok()?;
    if rest == "original" {
        return Some(ObjectKey::Original(document));
    }
    let (task, rest) = rest.strip_prefix("tasks/")?.split_once('/')?;
    let task = task.parse().ok()?;
    if let Some(attempt) = rest.strip_prefix("searchable-") {
        return Some(ObjectKey::SearchablePdf(document, task, attempt.parse().ok()?));
    }
    let (page, attempt) = rest.strip_prefix("pages/")?.split_once("/image-")?;
    Some(ObjectKey::PageImage(document, task, PageNumber::new(page.parse().ok()?)?, attempt.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_of_ids_alone() {
        let (document, task) = (DocumentId::generate(), TaskId::generate());
        let image = ObjectKey::PageImage(document, task, PageNumber::from_index(6), 2);
        for (key, path) in [
            (ObjectKey::Original(document), format!("documents/{document}/original")),
            (image, format!("documents/{document}/tasks/{task}/pages/7/image-2")),
            (ObjectKey::Installation, "installation".to_owned()),
            (ObjectKey::Receipt(document), format!("receipts/{document}")),
            (ObjectKey::AuditHead(7), "audit/7".to_owned()),
            (ObjectKey::SearchablePdf(document, task, 1), format!("documents/{document}/tasks/{task}/searchable-1")),
        ] {
            assert_eq!(key.to_string(), path);
            assert_eq!(path.parse(), Ok(key));
        }
    }

    #[test]
    fn a_path_of_another_form_is_no_key() {
        let (document, task) = (DocumentId::generate(), TaskId::generate());
        for path in [
            String::new(),
            "documents/7/original".to_owned(),
            format!("documents/{document}/copy"),
            format!("documents/{}/original", document.to_string().to_uppercase()),
            format!("documents/{document}/tasks/{task}/pages/0/image-1"),
            format!("documents/{document}/tasks/{task}/pages/7/image-+2"),
            format!("documents/{document}/tasks/{task}/searchable-01"),
            format!("elsewhere/{document}/original"),
            format!("receipts/{document}/original"),
            format!("receipts/{}", document.to_string().to_uppercase()),
            "audit/07".to_owned(),
        ] {
            assert_eq!(path.parse::<ObjectKey>(), Err(UnknownKey), "{path}");
        }
    }
}
