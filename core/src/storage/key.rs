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

/// A path that no [`ObjectKey`] has.
#[derive(Debug, thiserror::Error)]
#[error("not the path of an object")]
pub struct NotAnObjectKey;

impl FromStr for ObjectKey {
    type Err = NotAnObjectKey;

    fn from_str(path: &str) -> Result<Self, NotAnObjectKey> {
        let parts: Vec<_> = path.split('/').collect();
        let number = |text: &str, prefix: &str| text.strip_prefix(prefix)?.parse::<u32>().ok();
        let key = match parts.as_slice() {
            ["documents", document, "original"] => document.parse().ok().map(Self::Original),
            ["documents", document, "tasks", task, "pages", page, image] => (|| {
                let page = PageNumber::new(page.parse().ok()?)?;
                Some(Self::PageImage(document.parse().ok()?, task.parse().ok()?, page, number(image, "image-")?))
            })(),
            ["documents", document, "tasks", task, pdf] => {
                (|| Some(Self::SearchablePdf(document.parse().ok()?, task.parse().ok()?, number(pdf, "searchable-")?)))(
                )
            }
            _ => None,
        };
        key.ok_or(NotAnObjectKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_read_back() {
        let (document, task) = (DocumentId::generate(), TaskId::generate());
        for key in [
            ObjectKey::Original(document),
            ObjectKey::PageImage(document, task, PageNumber::from_index(6), 2),
            ObjectKey::SearchablePdf(document, task, 1),
        ] {
            assert_eq!(key.to_string().parse::<ObjectKey>().expect("a key"), key);
        }
        assert!("documents/../../etc/passwd".parse::<ObjectKey>().is_err());
    }
}
