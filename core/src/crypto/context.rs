use crate::domain::OwnerId;

/// What a document's sub-key is for (HKDF-SHA-256 info, RFC 5869).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
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
    /// Names of folders and tags.
    Label,
}

impl Purpose {
    /// How many there are, counted by the last one.
    pub(super) const COUNT: usize = Self::Label as usize + 1;

    /// Gives the name that the sub-key is derived with; never changed, or stored data no longer opens.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::PageImage => "page image",
            Self::Words => "words",
            Self::Metadata => "metadata",
            Self::Export => "export",
            Self::Label => "label",
        }
    }
}

/// Where a sealed value lives; bound as associated data, so that it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Whose it is.
    pub(super) owner: OwnerId,
    /// Table, or `object` for files.
    pub(super) table: &'a str,
    /// Column, or the kind of object.
    pub(super) column: &'a str,
    /// Id of the row, or path of the object.
    pub(super) row: &'a str,
    /// Version of the format of the content.
    pub(super) version: u32,
}

impl Context<'_> {
    /// Gives the associated data of a value in this place.
    pub(super) fn associated_data(&self, purpose: Purpose) -> Vec<u8> {
        length_prefixed(&[
            b"untxt value",
            purpose.label().as_bytes(),
            self.owner.as_uuid().as_bytes(),
            self.table.as_bytes(),
            self.column.as_bytes(),
            self.row.as_bytes(),
            &self.version.to_be_bytes(),
        ])
    }
}

/// Joins fields so that no two lists of fields give the same bytes: each is preceded by its length (u64, big endian).
pub(super) fn length_prefixed(fields: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(fields.iter().map(|field| 8 + field.len()).sum());
    for field in fields {
        joined.extend_from_slice(&(field.len() as u64).to_be_bytes());
        joined.extend_from_slice(field);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::length_prefixed;

    #[test]
    fn fields_cannot_flow_into_each_other() {
        assert_ne!(length_prefixed(&[b"ab", b"c"]), length_prefixed(&[b"a", b"bc"]));
        assert_ne!(length_prefixed(&[b"a", b""]), length_prefixed(&[b"a"]));
    }
}
