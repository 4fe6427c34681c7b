use untxt_page::TextMode;

use crate::OcrError;

/// Limits that a document must keep, and how it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Pages a document may have.
    pub max_pages: u32,
    /// Pixels one page may have.
    pub max_page_pixels: u64,
    /// What is done with text that a document brings itself.
    pub text_mode: TextMode,
    /// Opens an encrypted PDF.
    pub password: Option<Password>,
    /// Whether a signed PDF gets a searchable copy. Its signature still proves the bytes it was made for, which stay
    /// as they are; the text behind them is an unsigned change, and says so in a viewer.
    pub copies_signed: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            max_pages: 2000,
            max_page_pixels: 160_000_000,
            text_mode: TextMode::default(),
            password: None,
            copies_signed: false,
        }
    }
}

impl OpenOptions {
    /// Refuses a page that is too large.
    pub(crate) fn check_pixels(&self, width: u32, height: u32) -> Result<(), OcrError> {
        if u64::from(width) * u64::from(height) > self.max_page_pixels {
            return Err(OcrError::TooManyPixels { width, height, limit: self.max_page_pixels });
        }
        Ok(())
    }
}

/// What opens an encrypted PDF; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes what a person typed.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}
