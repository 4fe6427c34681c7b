use std::{fmt, str::FromStr};

use untxt_core::domain::OwnerId;
use untxt_database::search;

use super::candidates::{Phase, Place};

/// The last reading that an answer has looked at, as clients send it back: `exact.0.17`, or with the id of the owner whose
/// readings are counted, if that is another. `begin` and an id: all before that owner were looked at. The numbers say nothing
/// to anybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Whose index was asked last; `None`: the person's.
    pub(super) owner: Option<OwnerId>,
    /// How far; `None`: it is to be begun with.
    pub(super) place: Option<Place>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            None => f.write_str("begin")?,
            Some(Place { phase, at: search::Place { segment, position } }) => {
                let phase = match phase {
                    Phase::Exact => "exact",
                    Phase::Near => "near",
                };
                write!(f, "{phase}.{segment}.{position}")?;
            }
        }
        self.owner.map_or(Ok(()), |owner| write!(f, ".{owner}"))
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut fields = text.split('.');
        let phase = match fields.next() {
            Some("begin") => None,
            Some("exact") => Some(Phase::Exact),
            Some("near") => Some(Phase::Near),
            _ => return Err(()),
        };
        let place = match phase {
            None => None,
            Some(phase) => {
                let (Some(segment), Some(position)) = (fields.next(), fields.next()) else { return Err(()) };
                let (segment, position) = (segment.parse().map_err(|_| ())?, position.parse().map_err(|_| ())?);
                Some(Place { phase, at: search::Place { segment, position } })
            }
        };
        let owner = fields.next().map(|owner| owner.parse().map_err(|_| ())).transpose()?;
        let is_whole = fields.next().is_none() && (place.is_some() || owner.is_some());
        if is_whole { Ok(Self { owner, place }) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went() {
        let owner = "00000000-0000-7000-8000-000000000001";
        for text in
            ["exact.0.17", "near.-3.-9223372036854775808", &format!("exact.0.17.{owner}"), &format!("begin.{owner}")]
        {
            assert_eq!(text.parse::<Cursor>().expect("a cursor").to_string(), text);
        }
        for text in ["", "exact", "exact.1", "exact.1.2.3", "exact.a.2", "other.1.2", "begin", "begin.1"] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }
}
