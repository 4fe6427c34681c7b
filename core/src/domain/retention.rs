use serde::{Deserialize, Serialize};

/// The longest time that can be asked for, in days: a hundred years.
const MAX_DAYS: u32 = 36_500;

/// How long what is in a folder stays, counted from its upload; `None`: the folder says nothing about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days before which nothing is shredded.
    #[serde(default)]
    pub keep_days: Option<u32>,
    /// Days after which everything is moved to the trash.
    #[serde(default)]
    pub delete_days: Option<u32>,
}

impl Retention {
    /// Says whether both are from 1 to 36,500 days, and nothing is moved to the trash while it has to be kept.
    #[must_use]
    pub fn is_valid(self) -> bool {
        let in_range = |days: Option<u32>| days.is_none_or(|days| (1..=MAX_DAYS).contains(&days));
        let is_ordered = match (self.keep_days, self.delete_days) {
            (Some(keep), Some(delete)) => keep <= delete,
            _ => true,
        };
        in_range(self.keep_days) && in_range(self.delete_days) && is_ordered
    }
}

#[cfg(test)]
mod tests {
    use super::Retention;

    #[test]
    fn rules_are_ordered_and_bounded() {
        let is_valid = |keep_days, delete_days| Retention { keep_days, delete_days }.is_valid();
        for (keep, delete) in
            [(None, None), (Some(1), None), (None, Some(36_500)), (Some(30), Some(30)), (Some(30), Some(31))]
        {
            assert!(is_valid(keep, delete), "{keep:?} {delete:?}");
        }
        for (keep, delete) in [(Some(0), None), (None, Some(0)), (Some(36_501), None), (Some(31), Some(30))] {
            assert!(!is_valid(keep, delete), "{keep:?} {delete:?}");
        }
    }
}
