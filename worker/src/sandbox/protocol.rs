//! What parent and child say to each other. Both are the same executable, so there is one version at a time; the
//! number only catches a child of another build that an upgrade left behind.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use untxt_core::domain::{FailureCode, MediaType, PageContent, ReadingSettings};

use super::walls::Walls;

/// Version of this protocol.
pub(super) const VERSION: u16 = 2;
/// Longest head of a [`Hello`]: its path is at most 4096 bytes.
pub(super) const MAX_HELLO_BYTES: u64 = 4096 + 64;

/// What the parent asks. The attachment, where there is one, follows in the same frame.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Always first: the child binds itself before it sees anything else.
    Hello(Hello),
    /// Open the attached file, in place of any other.
    Open(Open),
    /// Read a page of the open file, counted from 0.
    ReadPage { index: u32 },
    /// Lay the attached text (postcard, `Vec<Option<PageContent>>`) over the open file.
    SearchablePdf,
    /// Forget the open file.
    Close,
}

/// Limits the child puts on itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    pub(super) version: u16,
    /// Process that started the child; if it is not the child's parent, it is dead already.
    pub(super) parent_pid: u32,
    /// Address space.
    pub(super) memory_bytes: u64,
    /// CPU time of the child's whole life; ends what nobody is left to kill.
    pub(super) cpu_seconds: u64,
    /// Longest frame that the parent will send.
    pub(super) max_file_bytes: u64,
    /// Folder of language data, all that the child may open; none: where the system keeps it.
    pub(super) tessdata_path: Option<PathBuf>,
}

/// How to open a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) max_pages: u32,
    pub(super) max_page_pixels: u64,
    pub(super) settings: ReadingSettings,
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Ready {
        version: u16,
        walls: Walls,
    },
    Opened {
        page_count: u32,
    },
    /// The page image is attached.
    Page {
        content: Box<PageContent>,
        image_media_type: MediaType,
    },
    /// The PDF is attached.
    Pdf,
    Closed,
    /// The file is at fault; the child is fine.
    Failed {
        code: FailureCode,
    },
    /// The child gave up on itself and ends.
    Broken,
}

/// Everything read from one page.
#[derive(Debug)]
pub struct PageReading {
    /// Words and text.
    pub content: PageContent,
    /// What the words' boxes lie on.
    pub image: PageImage,
}

/// The picture of a page, as a file.
#[derive(Debug)]
pub struct PageImage {
    /// Kind of file.
    pub media_type: MediaType,
    /// The file.
    pub bytes: Vec<u8>,
}
