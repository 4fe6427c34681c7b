use std::ops::Range;

use untxt_page::Preset;

/// When a stage runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Never,
    /// When the page itself asks for it.
    Needed,
    Always,
}

impl When {
    /// Says whether the stage runs on a page; `is_needed` is only asked when that decides.
    pub(crate) fn applies(self, is_needed: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Never => false,
            Self::Needed => is_needed(),
            Self::Always => true,
        }
    }
}

/// Which stages a preset chooses; turning, straightening and stretching of faint print are always done when needed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe {
    /// Shadows are divided out; needed where paper is grey or uneven.
    pub(crate) background: When,
    /// Dark areas that hang on the edge of the page are made white: the gutter, the table under the book.
    pub(crate) removes_border: bool,
    /// Specks are removed with a filter that also rounds small print; needed where they are all over the page.
    pub(crate) despeckle: When,
    /// Single specks are made white, letters are not touched.
    pub(crate) removes_specks: bool,
    /// The page is read again without ruling lines; needed where the first reading is doubtful. Clean scans gain too:
    /// on drawn ones of 150 to 600 dpi word F is 97.4 with and 96.6 without, recall 96.9 and 96.2.
    pub(crate) second_reading: When,
    /// Heights of a letter in pixels that are left as they are.
    pub(crate) good_letters: Range<f64>,
}

/// Scaling letters of this height gains nothing.
const GOOD_LETTERS: Range<f64> = 10.5..56.0;
/// The coarse steps of a fax need to be rounded even where letters are large enough: a fax has 100 or 200 lines an
/// inch, so that 12-point print has letters of 10 to 20 pixels.
const GOOD_FAX_LETTERS: Range<f64> = 19.0..56.0;

impl Recipe {
    /// Gives what a preset chooses.
    pub(crate) const fn of(preset: Preset) -> Self {
        let auto = Self {
            background: When::Needed,
            removes_border: false,
            despeckle: When::Needed,
            removes_specks: false,
            second_reading: When::Needed,
            good_letters: GOOD_LETTERS,
        };
        match preset {
            Preset::Auto => auto,
            Preset::CleanScan => Self { background: When::Never, despeckle: When::Never, ..auto },
            Preset::Fax => {
                Self { background: When::Never, removes_specks: true, good_letters: GOOD_FAX_LETTERS, ..auto }
            }
            Preset::Photo => Self { background: When::Always, ..auto },
            Preset::Book => Self { removes_border: true, ..auto },
            Preset::Form => Self { second_reading: When::Always, ..auto },
        }
    }
}
