use std::fmt::{Display, Formatter, Result, Write};

/// Text as it stands in XML, between tags or in double quotes. What XML 1.0 forbids even as a reference (control
/// characters, U+FFFE, U+FFFF) becomes U+FFFD; a line break or tab becomes a space, since a word has none and an
/// attribute would lose it.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                // `]]>` must not stand in text
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\t' | '\n' | '\r' => out.write_char(' ')?,
                '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.write_char(char::REPLACEMENT_CHARACTER)?,
                // XML 1.0 only advises against these; HTML forbids them
                '\x7f'..='\u{9f}' => out.write_char(char::REPLACEMENT_CHARACTER)?,
                letter => out.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_place_it_stands_in() {
        let escape = |text: &str| Escaped(text).to_string();
        assert_eq!(escape("a</span>&\"]]>"), "a&lt;/span&gt;&amp;&quot;]]&gt;");
        assert_eq!(escape("a\0b\u{1b}c\u{ffff}d\u{85}"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}");
        assert_eq!(escape("a\tb\nc"), "a b c");
        assert_eq!(escape("שלום \u{202e}x 𝄞"), "שלום \u{202e}x 𝄞");
    }
}
