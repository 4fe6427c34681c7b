use serde::{Deserialize, Serialize};

use crate::Bounds;

/// A barcode or QR code on a page.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barcode {
    /// Its symbology, in lower case, such as `qr_code`, `code_128`, `ean_13`.
    pub format: String,
    /// What it says.
    pub value: String,
    /// Box on the page image.
    #[serde(rename = "box")]
    #[cfg_attr(feature = "openapi", schema(value_type = [u32; 4]))]
    pub bounds: Bounds,
}
