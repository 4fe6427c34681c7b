use serde::{Deserialize, Serialize};

use crate::Bounds;

/// A part of the page that is read as one.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Box around its words on the page image.
    #[serde(rename = "box")]
    #[cfg_attr(feature = "openapi", schema(value_type = [u32; 4]))]
    pub bounds: Bounds,
    /// Rank of a heading, 1 to 6; depth of a list entry, from 1; 0 for all others.
    pub level: u8,
    /// Column of the page, from 0 in reading order; 0 where there is only one.
    pub column: u32,
}

/// Kinds of blocks.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    #[default]
    Paragraph,
    /// A title of what follows.
    Heading,
    /// One entry of a list, its bullet or number included.
    ListItem,
    /// What stands above the text on every page: running title, page number.
    Header,
    /// What stands below the text on every page.
    Footer,
    /// Words of a table; its cells are in [`crate::PageContent::tables`].
    Table,
}
