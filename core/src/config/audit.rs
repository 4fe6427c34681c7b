use std::time::Duration;

use serde::Deserialize;

use super::Problems;
use crate::audit::MIN_RETENTION_DAYS;

/// The record of what was done.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    pub retention_days: u32,
}

impl Audit {
    /// Gives how long rows are kept at least.
    #[must_use]
    pub fn retention(&self) -> Duration {
        Duration::from_secs(86_400 * u64::from(self.retention_days))
    }

    pub(super) fn validate(&self, problems: &mut Problems) {
        if !(MIN_RETENTION_DAYS..=36_500).contains(&self.retention_days) {
            problems.add("audit.retention_days", "must be 2192 (six years) to 36500");
        }
    }
}
