use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Gives the one spelling used in the database, the API and the events.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        // Not derived: what a macro puts in place of a literal is not seen as the name that it is.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let names = Some([$($text),+]);
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(names)
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or(UnknownName)
            }
        }
    };
}
pub(crate) use closed_list;

/// A word that is not in the closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known name")]
pub struct UnknownName;

closed_list!(
    /// Where a task stands. The last four are final.
    TaskState {
        /// Waiting for a worker to look into the document.
        Queued = "queued",
        /// A worker counts and classifies the pages.
        Inspecting = "inspecting",
        /// Pages are being read.
        Processing = "processing",
        /// All pages have ended; the searchable PDF is being made.
        Finishing = "finishing",
        /// Every page was read.
        Done = "done",
        /// Some pages were read, others failed.
        DoneWithErrors = "done_with_errors",
        /// Nothing could be read.
        Failed = "failed",
        /// A person stopped it.
        Cancelled = "cancelled",
    }
);

impl TaskState {
    /// Says whether nothing will ever change this task again.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::DoneWithErrors | Self::Failed | Self::Cancelled)
    }
}

closed_list!(
    /// Where a task waits for its turn.
    #[derive(Default)]
    TaskQueue {
        /// Somebody waits for it.
        #[default]
        Interactive = "interactive",
        /// It may wait while others are waited for, but never for ever.
        Bulk = "bulk",
    }
);

closed_list!(
    /// Who put a document into the trash.
    TrashReason {
        /// Its owner.
        Person = "person",
        /// The rule of its folder.
        Retention = "retention",
    }
);

closed_list!(
    /// Why a document was shredded.
    ShredReason {
        /// Its owner wished it at once.
        Person = "person",
        /// Its owner had put it into the trash, and its time was over or the trash was emptied.
        Trash = "trash",
        /// A rule had put it into the trash, and its time was over or the trash was emptied.
        Retention = "retention",
    }
);

closed_list!(
    /// Where a page stands.
    PageState {
        /// Waiting for a worker.
        Queued = "queued",
        /// Being read under a lease.
        Processing = "processing",
        /// Read; its text is stored.
        Done = "done",
        /// Could not be read; it has a failure.
        Failed = "failed",
        /// Its task was stopped before it was read.
        Cancelled = "cancelled",
    }
);

closed_list!(
    /// What kinds of file UNTXT opens, by content and never by name.
    MediaType {
        /// Portable Document Format.
        Pdf = "application/pdf",
        /// JPEG.
        Jpeg = "image/jpeg",
        /// PNG.
        Png = "image/png",
        /// TIFF, all its pages.
        Tiff = "image/tiff",
        /// WebP.
        Webp = "image/webp",
        /// Windows bitmap.
        Bmp = "image/bmp",
        /// GIF, its first frame.
        Gif = "image/gif",
    }
);

impl MediaType {
    /// Recognises a file by its first bytes (1,029 are enough), `None` if UNTXT doesn't open its kind.
    ///
    /// A PDF may start with up to 1,024 bytes of rubbish (ISO 32000-1, annex H.3.4.1).
    #[must_use]
    pub fn sniff(head: &[u8]) -> Option<Self> {
        let tiff = [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"];
        match head {
            _ if head.starts_with(b"\xff\xd8\xff") => Some(Self::Jpeg),
            _ if head.starts_with(b"\x89PNG\r\n\x1a\n") => Some(Self::Png),
            _ if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") => Some(Self::Gif),
            _ if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") => Some(Self::Webp),
            _ if tiff.iter().any(|magic| head.starts_with(magic)) => Some(Self::Tiff),
            _ if head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]) => Some(Self::Bmp),
            _ if head[..head.len().min(1024 + 5)].windows(5).any(|window| window == b"%PDF-") => Some(Self::Pdf),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_back() {
        for state in TaskState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert_eq!("finished".parse::<TaskState>(), Err(UnknownName));
    }

    #[test]
    fn content_decides_the_media_type() {
        assert_eq!(MediaType::sniff(b"\n\n%PDF-1.7"), Some(MediaType::Pdf));
        assert_eq!(MediaType::sniff(b"MM\0*\0\0\0\x08"), Some(MediaType::Tiff));
        assert_eq!(MediaType::sniff(b"<html>not a scan"), None);
        assert_eq!(MediaType::sniff(b""), None);
    }
}
