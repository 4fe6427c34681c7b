//! Which part of a file is asked for (RFC 9110, section 14).

use std::{convert::Infallible, ops::Range};

use axum::extract::FromRequestParts;
use http::{
    HeaderMap, Method,
    header::{IF_RANGE, RANGE},
    request::Parts,
};

/// What a request says about the part that it wants. One that can't be understood asks for everything, and so does one for
/// several parts at once, as the RFC allows.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    part: Option<Part>,
    /// The part is wanted of the file with this tag only, of any other everything.
    if_range: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// From the first to the last byte, which is part of it; to the end if there is none.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Only GET has parts (section 14.2): HEAD is asked what everything is like.
        Ok(if parts.method == Method::GET { Self::of(&parts.headers) } else { Self::default() })
    }
}

impl Asked {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        Self { part: text(RANGE).and_then(parse), if_range: text(IF_RANGE).map(str::to_owned) }
    }

    /// Gives the part that is wanted of the file with this strong tag; `None`: everything. A date never fits, since files here
    /// have none.
    pub(super) fn part_of(&self, tag: &str) -> Option<Part> {
        self.part.filter(|_| self.if_range.as_deref().is_none_or(|wanted| wanted == tag))
    }
}

impl Part {
    /// Gives which bytes of a file of this length it means; `None`: none.
    pub(super) fn of(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Self::Last(bytes) => length.saturating_sub(bytes)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

/// Reads the value of `Range`, if it asks for one part in bytes.
fn parse(value: &str) -> Option<Part> {
    let (unit, range) = value.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", bytes) => number(bytes).map(Part::Last),
        (first, "") => number(first).map(|first| Part::From(first, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Part::From(first, Some(last)))
        }
    }
}

/// Reads digits and nothing else. What is beyond 2^64 is beyond every file.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_in_bytes_is_understood_and_nothing_else() {
        for (value, part) in [
            ("bytes=0-0", Some(Part::From(0, Some(0)))),
            ("Bytes=5-", Some(Part::From(5, None))),
            ("bytes=-7", Some(Part::Last(7))),
            ("bytes=1-99999999999999999999", Some(Part::From(1, Some(u64::MAX)))),
            ("bytes=2-1", None),
            ("bytes=0-1,5-6", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("bytes=a-b", None),
            ("bytes", None),
            ("pages=1-2", None),
        ] {
            assert_eq!(parse(value), part, "{value}");
        }
    }

    #[test]
    fn a_part_lies_within_its_file() {
        for (part, length, range) in [
            (Part::From(0, Some(0)), 10, Some(0..1)),
            (Part::From(9, Some(u64::MAX)), 10, Some(9..10)),
            (Part::From(10, None), 10, None),
            (Part::From(0, None), 0, None),
            (Part::Last(3), 10, Some(7..10)),
            (Part::Last(30), 10, Some(0..10)),
            (Part::Last(0), 10, None),
            (Part::Last(1), 0, None),
        ] {
            assert_eq!(part.of(length), range, "{part:?} of {length}");
        }
    }

    #[test]
    fn a_part_of_another_file_is_not_given() {
        let asked = |if_range: Option<&str>| Asked { part: Some(Part::Last(1)), if_range: if_range.map(str::to_owned) };
        assert!(asked(None).part_of("\"a\"").is_some() && asked(Some("\"a\"")).part_of("\"a\"").is_some());
        for other in ["\"b\"", "W/\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT", ""] {
            assert_eq!(asked(Some(other)).part_of("\"a\""), None, "{other}");
        }
    }
}
