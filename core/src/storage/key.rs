use std::fmt;

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
        }
    }
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
            (ObjectKey::SearchablePdf(document, task, 1), format!("documents/{document}/tasks/{task}/searchable-1")),
        ] {
            assert_eq!(key.to_string(), path);
        }
    }
}
