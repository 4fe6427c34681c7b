use serde::{Deserialize, Serialize};

/// What was done to the pixels of a page before they were read, and how certain that was.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    /// The preset that the stages were taken from.
    pub preset: Preset,
    /// How certain [`crate::PageContent::rotation_applied`] is, 0.0 to 1.0.
    pub rotation_confidence: f32,
    /// How certain [`crate::PageContent::skew_deg`] is, 0.0 to 1.0.
    pub skew_confidence: f32,
    /// Size of what was read, as a multiple of the page image.
    pub scale: f32,
    /// Stages that changed something, in the order in which they ran.
    pub stages: Vec<Stage>,
}

impl Default for Preparation {
    fn default() -> Self {
        Self { preset: Preset::Auto, rotation_confidence: 0.0, skew_confidence: 0.0, scale: 1.0, stages: Vec::new() }
    }
}

/// Which stages a page goes through.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// What the page itself asks for.
    #[default]
    Auto,
    /// A flatbed or feeder scan of clean print.
    CleanScan,
    /// A fax: black and white, low resolution, speckles.
    Fax,
    /// A photograph of a page.
    Photo,
    /// A page of a bound book.
    Book,
    /// A receipt or form: small text in boxes, no running lines.
    Form,
}

/// A stage of the preparation: a closed list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Turned by a multiple of 90 degrees.
    Rotate,
    /// Straightened.
    Deskew,
    /// Made larger or smaller, so that letters have the height the engine likes.
    Scale,
    /// Shadows and paper divided out.
    Background,
    /// Stretched from the darkest to the lightest.
    Contrast,
    /// Speckles removed.
    Despeckle,
    /// Smoothed, so that the dots of a printer join to letters.
    JoinDots,
    /// Sharpened.
    Sharpen,
    /// Made black and white.
    Binarise,
    /// Dark edges made white.
    RemoveBorder,
    /// Ruling lines made white.
    RemoveRules,
    /// Two pages of an open book read one after the other.
    SplitPages,
    /// What the first reading left out was read again.
    SecondReading,
}
