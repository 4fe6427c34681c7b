use serde::{Deserialize, Serialize};

/// How good a scan is to read.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// 0.0 (nothing can be read) to 1.0 (nothing is wrong).
    pub score: f32,
    /// What is wrong, the worst first.
    pub defects: Vec<Defect>,
}

impl Default for Quality {
    fn default() -> Self {
        Self { score: 1.0, defects: Vec::new() }
    }
}

/// Something wrong with a scan.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Defect {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DefectKind,
    /// How bad it is, above 0.0 to 1.0.
    pub score: f32,
}

/// What can be wrong with a scan: a closed list, each with something a person can do about it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefectKind {
    /// Out of focus or moved.
    Blurry,
    /// Speckles.
    Noisy,
    /// Too little light.
    Dark,
    /// Print that is hardly darker than the paper.
    Faint,
    /// Letters of too few pixels.
    TextTooSmall,
    /// Words run over the edge.
    CutOff,
    /// A reflection hides a part.
    Glare,
    /// Lines are not level.
    Skewed,
}
