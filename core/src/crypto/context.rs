use crate::domain::OwnerId;

/// What a document's sub-key is for (HKDF-SHA-256 info, RFC 5869).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The uploaded file.
    Original,
    /// The picture of a page.
    PageImage,
    /// Words with boxes and text of a page.
    Words,
    /// File name and other facts about the upload.
    Metadata,
    /// The searchable PDF and other results made for download.
    Export,
}

/// Where a sealed value lives; bound as associated data, so that it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Whose it is.
    pub owner: OwnerId,
    /// Table, or `object` for files.
    pub table: &'a str,
    /// Column, or the kind of object.
    pub column: &'a str,
    /// Id of the row, or path of the object.
    pub row: &'a str,
    /// Version of the format of the content.
    pub version: u32,
}
