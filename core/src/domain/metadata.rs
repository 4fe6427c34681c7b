use serde::{Deserialize, Serialize};

/// Facts about an upload that may tell something about a person; sealed as one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentMetadata {
    /// File name as uploaded, without any folder.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}
