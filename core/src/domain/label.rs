use std::{fmt, str::FromStr};

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

const MAX_CHARS: usize = 255;

/// Joins and parts letters that are seen; in emoji, Persian and the scripts of India it belongs to the writing.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// A name that somebody gave to a folder or a tag: 1 to 255 characters, all of which show; never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct LabelName(String);

impl LabelName {
    /// Takes a name without the spaces around it; `None`: it is empty, too long, or has something that nobody sees: control
    /// characters, letters without a shape, marks that turn the direction of writing. Joiners stay between two letters.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        Self::stored(name).filter(|name| !has_hidden(&name.0))
    }

    /// Takes a name that was given to an earlier version, which saw less.
    pub(crate) fn stored(name: &str) -> Option<Self> {
        let name: String = name.trim().nfc().collect();
        (!name.is_empty() && name.chars().count() <= MAX_CHARS).then_some(Self(name))
    }

    /// Gives the name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives what names have in common that look alike but for upper and lower case.
    #[must_use]
    pub fn folded(&self) -> String {
        // A capital sharp s and "ss", a final sigma and an inner one: upper case first brings them together.
        let cased = self.0.to_uppercase().to_lowercase();
        cased.chars().filter(|c| !is_ignorable(*c)).nfc().collect()
    }
}

impl fmt::Debug for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LabelName(..)")
    }
}

fn has_hidden(name: &str) -> bool {
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let shows = |c: char| !is_hidden(c) && !c.is_whitespace();
        // A sign shown as a picture may be joined with the next one.
        let is_after = before.is_some_and(|before| shows(before) || is_variant(before));
        let is_good = match c {
            c if JOINERS.contains(&c) => is_after && rest.peek().is_some_and(|next| shows(*next)),
            c if is_variant(c) => before.is_some_and(shows),
            c => !is_hidden(c),
        };
        if !is_good {
            return true;
        }
        before = Some(c);
    }
    false
}

/// Says whether a letter only chooses how the one before it looks, as a picture or in one of its old shapes.
fn is_variant(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Says whether nothing is seen of a letter by itself: lines and paragraphs end with two of these.
fn is_hidden(c: char) -> bool {
    c.is_control() || is_ignorable(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
}

/// Says whether Unicode has a letter shown as nothing (`Default_Ignorable_Code_Point`).
fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
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
    fn nothing_in_a_name_is_invisible() {
        for hidden in "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202a}\u{202e}\
            \u{2028}\u{2029}\u{2060}\u{2064}\u{2066}\u{2069}\u{206f}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{1bca0}\u{1d173}\u{e0001}\u{e0041}\u{e0100}"
            .chars()
        {
            assert!(LabelName::new(&hidden.to_string()).is_none(), "{hidden:?} alone");
            assert!(LabelName::new(&format!("a {hidden}b")).is_none(), "{hidden:?} after a space");
            let is_writing = JOINERS.contains(&hidden) || is_variant(hidden);
            assert_eq!(LabelName::new(&format!("a{hidden}b")).is_some(), is_writing, "{hidden:?} within");
            assert!(LabelName::new(&format!("a{hidden}{hidden}b")).is_none(), "{hidden:?} twice");
        }
        for good in ["❤\u{fe0f}\u{200d}🔥", "می\u{200c}خواهم", "क्\u{200d}ष", "1\u{fe0f}\u{20e3}"] {
            assert!(LabelName::new(good).is_some(), "{good}");
        }
        // What is allowed makes no second name, and what was stored before still opens.
        for (one, two) in [("Bills", "Bi\u{200d}lls"), ("Bills", "Bills\u{fe0f}")] {
            assert_eq!(LabelName::new(one).expect("a name").folded(), LabelName::new(two).expect("a name").folded());
        }
        let stored = LabelName::stored("soft\u{ad}hyphen").expect("a name");
        assert_eq!((stored.as_str(), stored.folded().as_str()), ("soft\u{ad}hyphen", "softhyphen"));
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
