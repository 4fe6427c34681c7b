use serde::{Deserialize, Serialize};

use crate::Bounds;

/// A table on a page.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Box on the page image.
    #[serde(rename = "box")]
    #[cfg_attr(feature = "openapi", schema(value_type = [u32; 4]))]
    pub bounds: Bounds,
    /// Rows, at least 1.
    pub rows: u32,
    /// Columns, at least 1.
    pub columns: u32,
    /// Whether lines are drawn between the cells; otherwise white space separates them.
    pub is_ruled: bool,
    /// Cells by row, then column; a place that no cell covers is empty.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// First row, from 0.
    pub row: u32,
    /// First column, from 0.
    pub column: u32,
    /// Rows that it covers, at least 1.
    pub row_span: u32,
    /// Columns that it covers, at least 1.
    pub column_span: u32,
    /// Box on the page image.
    #[serde(rename = "box")]
    #[cfg_attr(feature = "openapi", schema(value_type = [u32; 4]))]
    pub bounds: Bounds,
    /// Places of its words in [`crate::PageContent::words`], in reading order.
    pub words: Vec<u32>,
    /// Text of its words.
    pub text: String,
    /// Lowest confidence of its words, 0.0 to 1.0; 1.0 when it is empty.
    pub confidence: f32,
}
