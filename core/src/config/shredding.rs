use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{Problems, sections::optional, validate::need_file};

/// How long deleted documents can be taken back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trash {
    pub days: u32,
}

/// The key that signs receipts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    #[serde(deserialize_with = "optional")]
    pub key_path: Option<PathBuf>,
    pub public_keys: Vec<PathBuf>,
}

impl Trash {
    /// Gives how long a document stays in the trash.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_secs(86_400 * u64::from(self.days))
    }

    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.days > 3650 {
            problems.add("trash.days", "must be 0 to 3650");
        }
    }
}

impl Signing {
    pub(super) fn validate(&self, problems: &mut Problems) {
        for path in &self.public_keys {
            need_file("signing.public_keys", path, problems);
        }
    }
}
