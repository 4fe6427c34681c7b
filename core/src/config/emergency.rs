use serde::Deserialize;

use super::Problems;
use crate::domain::Role;

/// It lasts a day at most, as the database has it too.
const MOST_MINUTES: u32 = 24 * 60;

/// Access in an emergency: reading what nobody shared, for some minutes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    pub enabled: bool,
    pub max_minutes: u32,
    pub roles: Vec<Role>,
}

impl Emergency {
    /// Gives who may take it; nobody where it is off.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        if self.enabled { &self.roles } else { &[] }
    }

    pub(super) fn validate(&self, problems: &mut Problems) {
        if !(1..=MOST_MINUTES).contains(&self.max_minutes) {
            problems.add("emergency.max_minutes", "must be 1 to 1440");
        }
        if self.enabled && self.roles.is_empty() {
            problems.add("emergency.roles", "must name a role");
        }
        // The database has the same rule.
        if self.roles.iter().any(|role| !matches!(role, Role::Admin | Role::Reviewer)) {
            problems.add("emergency.roles", "may be admin and reviewer only");
        }
    }
}
