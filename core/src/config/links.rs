use serde::Deserialize;

use super::Problems;

/// A link lasts a year at most, as the database has it too.
const MOST_DAYS: u32 = 366;

/// Public links: documents for whoever has one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    pub enabled: bool,
    pub max_days: u32,
}

impl Links {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if !(1..=MOST_DAYS).contains(&self.max_days) {
            problems.add("links.max_days", "must be 1 to 366");
        }
    }
}
