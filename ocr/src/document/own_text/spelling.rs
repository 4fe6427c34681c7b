use hayro::hayro_interpret::hayro_cmap::BfString;
use unicode_normalization::UnicodeNormalization;

use super::Letter;

/// Says what a glyph reads as: ligatures and presentation forms as plain letters, every kind of space as one; `None`
/// for what is no character.
pub(super) fn spell(text: BfString) -> Option<BfString> {
    match text {
        BfString::Char(c) => spell_char(c),
        BfString::String(text) => {
            let plain: String = text.chars().filter(|&c| is_character(c)).nfkc().collect();
            if plain.is_empty() {
                return None;
            }
            Some(if plain.trim().is_empty() { BfString::Char(' ') } else { BfString::String(plain) })
        }
    }
}

fn spell_char(c: char) -> Option<BfString> {
    match c {
        c if c.is_whitespace() => Some(BfString::Char(' ')),
        // the soft hyphen is drawn only where it is a hyphen
        '\u{ad}' => Some(BfString::Char('-')),
        // bullets of the symbol fonts
        '\u{f0b7}' | '\u{f0a7}' | '\u{f0d8}' => Some(BfString::Char('•')),
        c if !is_character(c) => None,
        // presentation forms: Latin, Hebrew and Arabic ligatures, Arabic letters by place, full and half widths
        '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => {
            let plain: String = std::iter::once(c).nfkc().collect();
            Some(BfString::String(plain))
        }
        c => Some(BfString::Char(c)),
    }
}

/// Refuses what a font made up: control characters, the private areas, the replacement character.
fn is_character(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}' | '\u{f0000}'.. | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

/// How well letters can be read as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::document) struct Legibility {
    /// Letters that say what they are.
    pub(in crate::document) known: usize,
    /// Letters whose font doesn't say what they are.
    pub(in crate::document) unknown: usize,
    /// Known ones that are letters or digits.
    pub(in crate::document) alphabetic: usize,
}

impl Legibility {
    /// Says whether the text can be taken as it is. A font without names gives no text or, worse, signs where there
    /// are letters: prose has one sign in ten letters, a table of numbers one in three.
    pub(in crate::document) const fn is_good(self) -> bool {
        /// Fewer letters say nothing about the rest.
        const ENOUGH: usize = 20;
        let few_unknown = self.unknown * 10 <= self.known;
        let few_signs = self.known < ENOUGH || self.alphabetic * 5 >= self.known * 2;
        self.known > 0 && few_unknown && few_signs
    }
}

/// Counts what letters say.
pub(in crate::document) fn judge<'a>(letters: impl Iterator<Item = &'a Letter>) -> Legibility {
    let mut counts = Legibility::default();
    for letter in letters {
        let first = match &letter.says {
            Some(BfString::Char(' ')) => continue,
            Some(BfString::Char(c)) => Some(*c),
            Some(BfString::String(text)) => text.chars().next(),
            None => None,
        };
        match first {
            None => counts.unknown += 1,
            // leaders of a table of contents and rules drawn as letters say nothing about the others
            Some('.' | '_' | '-' | '•') => {}
            Some(c) => {
                counts.known += 1;
                counts.alphabetic += usize::from(c.is_alphanumeric());
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> Option<String> {
        let mut chars = text.chars();
        let text = match (chars.next(), chars.next()) {
            (Some(c), None) => BfString::Char(c),
            _ => BfString::String(text.into()),
        };
        spell(text).map(|text| match text {
            BfString::Char(c) => c.into(),
            BfString::String(text) => text,
        })
    }

    #[test]
    fn spells_ligatures_forms_and_gaps() {
        let pairs = [("ﬁ", "fi"), ("ﬃ", "ffi"), ("ﻻ", "لا"), ("\u{a0}", " "), ("\u{ad}", "-"), ("½", "½"), ("ab", "ab")];
        for (drawn, plain) in pairs {
            assert_eq!(says(drawn).as_deref(), Some(plain));
        }
        for nonsense in ["\u{e123}", "\u{fffd}", "\u{1}", "\u{200b}", "\u{1}\u{2}"] {
            assert_eq!(says(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn text_without_letters_is_no_text() {
        let good = Legibility { known: 100, unknown: 5, alphabetic: 90 };
        assert!(good.is_good());
        assert!(!Legibility { unknown: 20, ..good }.is_good());
        assert!(!Legibility { alphabetic: 30, ..good }.is_good());
        assert!(!Legibility::default().is_good());
    }
}
