//! What a page is once it has been read: its words and where they stand, its layout, how good the scan was.
//!
//! Promises: one model for the reader, the database's sealed value, the API and every file format; a value stored by
//! an older version opens with the defaults of what it lacks. Refuses to know: pixels, engines, files, keys.

mod barcode;
mod block;
mod content;
pub mod formats;
pub mod layout;
mod preparation;
mod quality;
pub mod search;
mod settings;
mod table;
mod text;
mod word;

pub use barcode::Barcode;
pub use block::{Block, BlockKind};
pub use content::{LanguageGuess, PageContent, PageKind, ReadBy, TEXT_OF_FILE, Warning, WarningCode};
pub use preparation::{Preparation, Preset, Stage};
pub use quality::{Defect, DefectKind, Quality};
pub use settings::{ReadingSettings, TextMode, UnknownSetting};
pub use table::{Cell, Table};
pub use text::{expected_words, is_right_to_left, join_words, mean_confidence};
pub use word::Word;

/// Signs that begin the entry of a list; the engine reads a dot or square as one of these.
const BULLETS: [char; 24] = [
    '•', '◦', '▪', '▫', '‣', '⁃', '●', '○', '■', '□', '►', '▶', '➢', '➤', '✓', '✔', '❖', '·', '∙', '*', '-', '–', '—',
    '\u{f0b7}',
];

/// What the engine makes of bullets that it doesn't know: an entry begins with one only where several lines do.
const MISREAD_BULLETS: [char; 8] = ['¢', '«', '»', '°', '©', '®', '+', '>'];

/// A box on the page image: left, top, right, bottom in pixels; origin top left, y downwards; right and bottom are
/// exclusive.
pub type Bounds = [u32; 4];
