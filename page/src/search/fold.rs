use unicode_normalization::UnicodeNormalization;

/// Gives text as it is compared: compatible forms alike (NFKC), in lower case, without diacritics; what is invisible is
/// gone, apostrophes and hyphens are the plain ones. Folding folded text changes nothing.
#[must_use]
pub fn fold(text: &str) -> String {
    let lower: String = text.nfkd().flat_map(char::to_lowercase).collect();
    let mut folded = String::with_capacity(lower.len());
    // Lower case may bring marks of its own: İ becomes i and a dot.
    for letter in lower.nfkd() {
        push_plain(&mut folded, letter);
    }
    // What is left of decomposed letters, such as Hangul, is put together again.
    folded.nfc().collect()
}

fn push_plain(folded: &mut String, letter: char) {
    match letter {
        _ if is_diacritic(letter) || is_invisible(letter) => {}
        'ß' => folded.push_str("ss"),
        'æ' => folded.push_str("ae"),
        'œ' => folded.push_str("oe"),
        'þ' => folded.push_str("th"),
        'ł' => folded.push('l'),
        'ø' => folded.push('o'),
        'đ' | 'ð' => folded.push('d'),
        'ħ' => folded.push('h'),
        'ŧ' => folded.push('t'),
        'ı' => folded.push('i'),
        'ς' => folded.push('σ'),
        '’' | '‘' | 'ʼ' | '`' | '´' | '′' => folded.push('\''),
        '‐' | '‑' | '−' => folded.push('-'),
        _ => folded.push(letter),
    }
}

/// Marks that are written over letters and left out by people who search: of Latin, Greek and Cyrillic, Hebrew points,
/// Arabic vowels. Those of Indic scripts are vowels that no word goes without.
const fn is_diacritic(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}'
        | '\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Soft hyphens, joiners, marks of direction, the stretcher of Arabic.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{640}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_alike_is_alike() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("Müller", "muller"),
            ("Łódź", "lodz"),
            ("ﬁnance", "Finance"),
            ("Ångström", "angstrom"),
            ("İstanbul", "istanbul"),
            ("ΣΟΦΟΣ", "σοφός"),
            ("Ёлка", "елка"),
            ("ｱｲｳ", "アイウ"),
            ("l’État", "l'etat"),
            ("soft\u{ad}ware", "software"),
            ("مُحَمَّد", "محمد"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn what_means_something_else_stays_apart() {
        for (one, other) in [("कि", "का"), ("が", "か"), ("한국", "한글"), ("12", "13")] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn folding_again_changes_nothing() {
        let letters = (0..=0x2_ffff_u32).filter_map(char::from_u32);
        for letter in letters {
            let once = fold(&letter.to_string());
            assert_eq!(fold(&once), once, "{letter:?}");
        }
    }
}
