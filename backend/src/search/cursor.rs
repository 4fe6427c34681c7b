use std::{fmt, str::FromStr};

use untxt_database::search;

use super::candidates::{Phase, Place};

/// The last reading that an answer has looked at, as clients send it back: `exact.0.17`. The numbers count the readings of one
/// owner; they say nothing to anybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor(pub(super) Place);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { phase, at: search::Place { segment, position } } = self.0;
        let phase = match phase {
            Phase::Exact => "exact",
            Phase::Near => "near",
        };
        write!(f, "{phase}.{segment}.{position}")
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut fields = text.split('.');
        let phase = match fields.next() {
            Some("exact") => Phase::Exact,
            Some("near") => Phase::Near,
            _ => return Err(()),
        };
        let (Some(segment), Some(position), None) = (fields.next(), fields.next(), fields.next()) else {
            return Err(());
        };
        let (segment, position) = (segment.parse().map_err(|_| ())?, position.parse().map_err(|_| ())?);
        Ok(Self(Place { phase, at: search::Place { segment, position } }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went() {
        for text in ["exact.0.17", "near.-3.-9223372036854775808"] {
            assert_eq!(text.parse::<Cursor>().expect("a cursor").to_string(), text);
        }
        for text in ["", "exact", "exact.1", "exact.1.2.3", "exact.a.2", "other.1.2"] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }
}
