use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

const MAX_CHARS: usize = 255;

/// A name that somebody gave to a folder or a tag: 1 to 255 characters, none of them invisible; never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct LabelName(String);

impl LabelName {
    /// Takes a name without the spaces around it; `None`: it is empty, too long, or has control characters or marks that turn
    /// the direction of writing.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let name: String = name.trim().nfc().collect();
        let is_good = !name.is_empty() && name.chars().count() <= MAX_CHARS && !name.chars().any(is_hidden);
        is_good.then_some(Self(name))
    }

    /// Gives the name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives what names have in common that differ in upper and lower case only.
    #[must_use]
    pub fn folded(&self) -> String {
        // A capital sharp s and "ss", a final sigma and an inner one: upper case first brings them together.
        self.0.to_uppercase().to_lowercase().nfc().collect()
    }
}

impl fmt::Debug for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LabelName(..)")
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A colour as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(u32);

impl Colour {
    /// What is shown of a label that nobody gave a colour.
    pub const DEFAULT: Self = Self(0x0064_748b);
}

impl FromStr for Colour {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .map(Self)
            .ok_or("no colour like #rrggbb")
    }
}

impl TryFrom<String> for Colour {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        let longest = "ü".repeat(MAX_CHARS);
        for good in ["a", "Röntgen 2026", "👩‍⚕️ Patientin", longest.as_str()] {
            assert_eq!(LabelName::new(good).expect("a name").as_str(), good);
        }
        assert_eq!(LabelName::new("  a b ").expect("a name").as_str(), "a b");
        for bad in ["", "  ", "\t", "a\nb", "a\0", "x\u{202e}y", "a\u{200b}", "ü".repeat(MAX_CHARS + 1).as_str()] {
            assert!(LabelName::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_alike_without_regard_to_case() {
        let alike = |one: &str, two: &str| {
            LabelName::new(one).expect("a name").folded() == LabelName::new(two).expect("a name").folded()
        };
        for (one, two) in [("Bills", "bILLS"), ("STRASSE", "straße"), ("e\u{301}t\u{e9}", "ÉTÉ"), ("ΟΔΟΣ", "οδος")]
        {
            assert!(alike(one, two), "{one} {two}");
        }
        for (one, two) in [("a", "b"), ("Müller", "Muller"), ("a b", "ab")] {
            assert!(!alike(one, two), "{one} {two}");
        }
    }

    #[test]
    fn a_name_is_never_printed() {
        assert_eq!(format!("{:?}", LabelName::new("secret")), "Some(LabelName(..))");
    }

    #[test]
    fn colours_have_six_digits() {
        assert_eq!("#0A0b0c".parse::<Colour>().expect("a colour").to_string(), "#0a0b0c");
        assert_eq!(Colour::DEFAULT.to_string(), "#64748b");
        for bad in ["", "#", "red", "#12345", "#1234567", "123456", "#12345g", "#+12345", "#ééé"] {
            assert!(bad.parse::<Colour>().is_err(), "{bad}");
        }
    }
}
