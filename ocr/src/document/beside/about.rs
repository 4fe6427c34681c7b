use hayro::hayro_syntax::{
    metadata::Metadata,
    object::{DateTime, Dict, String as PdfString},
};

use super::read_text;

/// Longest tag of a language that is believed.
const MAX_TAG: usize = 35;

/// What a PDF says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) title: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) keywords: Option<String>,
    /// The program that the document was written with.
    pub(crate) creator: Option<String>,
    /// When it was written and changed, as ISO 8601 has it.
    pub(crate) created: Option<String>,
    pub(crate) changed: Option<String>,
    /// Tag of its language (RFC 3066), such as `de-CH`.
    pub(crate) language: Option<String>,
}

impl About {
    pub(super) fn read(told: &Metadata, catalog: &Dict<'_>) -> Self {
        let read = |text: &Option<Box<[u8]>>| read_text(text.as_deref()?);
        let tag = catalog.get::<PdfString<'_>>("Lang").and_then(|tag| read_text(tag.as_bytes()));
        Self {
            title: read(&told.title),
            author: read(&told.author),
            subject: read(&told.subject),
            keywords: read(&told.keywords),
            creator: read(&told.creator),
            created: told.creation_date.and_then(write_date),
            changed: told.modification_date.and_then(write_date),
            language: tag.filter(|tag| is_language_tag(tag)),
        }
    }
}

fn write_date(date: DateTime) -> Option<String> {
    let DateTime { year, month, day, hour, minute, second, utc_offset_hour, utc_offset_minute } = date;
    let zone = match (utc_offset_hour, utc_offset_minute) {
        (0, 0) => "Z".to_owned(),
        (hours, minutes) => format!("{hours:+03}:{minutes:02}"),
    };
    // a year of nothing is no date, and 24 hours are no zone
    let is_sound = year > 0 && utc_offset_hour.unsigned_abs() < 24 && utc_offset_minute < 60;
    is_sound.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"))
}

/// Says whether this is made as a tag is: parts of up to eight letters or digits, the first of letters.
fn is_language_tag(tag: &str) -> bool {
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let has_name = tag.split('-').next().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic()));
    tag.len() <= MAX_TAG && has_name && tag.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_its_zone() {
        let date = |utc_offset_hour, utc_offset_minute| DateTime {
            year: 2024,
            month: 3,
            day: 9,
            hour: 8,
            minute: 5,
            second: 0,
            utc_offset_hour,
            utc_offset_minute,
        };
        assert_eq!(write_date(date(0, 0)).as_deref(), Some("2024-03-09T08:05:00Z"));
        assert_eq!(write_date(date(-5, 30)).as_deref(), Some("2024-03-09T08:05:00-05:30"));
        assert_eq!(write_date(date(99, 0)), None);
        assert_eq!(write_date(DateTime { year: 0, ..date(0, 0) }), None);
    }

    #[test]
    fn a_language_is_a_tag() {
        for tag in ["de", "de-CH", "zh-Hans", "x-klingon"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for other in ["", "German (Switzerland)", "de_CH", "1x", "de-", "abcdefghij"] {
            assert!(!is_language_tag(other), "{other}");
        }
    }
}
