use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Preset;

/// How a document is to be read: what a person asked for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingSettings {
    /// Tesseract codes joined by `+`, the main language first, or `auto`.
    pub languages: String,
    /// How pages are cleaned up.
    pub preset: Preset,
    /// What becomes of text that the document brings itself.
    pub text_mode: TextMode,
}

impl ReadingSettings {
    /// Reads in these languages; all else is found out.
    #[must_use]
    pub fn of_languages(languages: impl Into<String>) -> Self {
        Self { languages: languages.into(), preset: Preset::default(), text_mode: TextMode::default() }
    }
}

/// What is done with text that a document brings itself.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextMode {
    /// Own text is kept where it can be read, the text layer of an earlier recognition too; only pictures without
    /// any are recognised.
    #[default]
    Skip,
    /// Text that one sees is kept; the layer of an earlier recognition is passed over and its picture read again.
    Redo,
    /// Every page is recognised as the picture that one sees.
    Force,
}

/// A name that is in no list of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSetting;

impl std::fmt::Display for UnknownSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a known setting")
    }
}

impl std::error::Error for UnknownSetting {}

impl TextMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Redo, Self::Force];

    /// Gives the one spelling used in commands, the database and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Redo => "redo",
            Self::Force => "force",
        }
    }
}

impl FromStr for TextMode {
    type Err = UnknownSetting;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or(UnknownSetting)
    }
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Auto, Self::CleanScan, Self::Fax, Self::Photo, Self::Book, Self::Form];

    /// Gives the one spelling used in commands, the database and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::CleanScan => "clean_scan",
            Self::Fax => "fax",
            Self::Photo => "photo",
            Self::Book => "book",
            Self::Form => "form",
        }
    }
}

impl FromStr for Preset {
    type Err = UnknownSetting;

    /// Reads the name; a hyphen is as good as an underscore.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let name = name.replace('-', "_");
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or(UnknownSetting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_one_spelling() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
            assert_eq!(serde_json::to_value(preset).unwrap(), preset.name());
        }
        for mode in TextMode::ALL {
            assert_eq!(mode.name().parse(), Ok(mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
        }
        assert_eq!("clean-scan".parse(), Ok(Preset::CleanScan));
        assert_eq!("none".parse::<Preset>(), Err(UnknownSetting));
    }
}
