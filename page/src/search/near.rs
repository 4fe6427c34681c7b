use std::collections::BTreeSet;

use super::MIN_NEAR;

/// A longer word is misread in more places than one, and its variants would be too many.
const MAX_NEAR: usize = 24;

/// Letters of a script, as they are once folded.
const ALPHABETS: [&str; 5] = [
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзиклмнопрстуфхцчшщъыьэюяєіґђјљњћџ",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةپچژگکی",
];

const DIGITS: &str = "0123456789";

/// Says whether a folded word may be looked for with one letter misread: it has four letters, of a script whose letters
/// are few.
pub(super) fn may_be_near(word: &str) -> bool {
    word.chars().filter(|letter| letter.is_alphabetic()).count() >= MIN_NEAR
        && word.chars().count() <= MAX_NEAR
        && alphabet_of(word).is_some()
}

fn alphabet_of(word: &str) -> Option<&'static str> {
    let letter = word.chars().find(|letter| letter.is_alphabetic())?;
    ALPHABETS.into_iter().find(|alphabet| alphabet.contains(letter))
}

/// Lists what one letter less, one more, another one, or two that changed places make of a folded word: letters of its
/// script, and digits, for which letters are often taken. Some 600 for eight letters; none for a script without a small
/// alphabet.
#[must_use]
pub fn one_edit_variants(word: &str) -> Vec<String> {
    let Some(alphabet) = alphabet_of(word) else { return Vec::new() };
    let letters: Vec<char> = word.chars().collect();
    let mut variants = BTreeSet::new();
    for place in 0..=letters.len() {
        let (before, rest) = letters.split_at(place);
        let mut add = |middle: &[char], after: &[char]| {
            variants.insert([before, middle, after].concat().iter().collect::<String>());
        };
        for letter in alphabet.chars().chain(DIGITS.chars()) {
            add(&[letter], rest);
            if let [_, after @ ..] = rest {
                add(&[letter], after);
            }
        }
        if let [_, after @ ..] = rest {
            add(&[], after);
        }
        if let [first, second, after @ ..] = rest {
            add(&[*second, *first], after);
        }
    }
    variants.remove(word);
    variants.into_iter().collect()
}

/// Says whether one edit makes one word of the other: a letter less, one more, another one, or two neighbours that changed
/// places.
pub(super) fn is_one_edit(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let prefix = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[prefix..], &other[prefix..]);
    match (one, other) {
        ([], []) => false,
        ([_, rest @ ..], whole) | (whole, [_, rest @ ..]) if rest == whole => true,
        ([a, b, one @ ..], [c, d, other @ ..]) if a == d && b == c => one == other,
        ([_, one @ ..], [_, other @ ..]) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_what_one_edit_makes() {
        let variants = one_edit_variants("rechnung");
        assert!((550..700).contains(&variants.len()), "{}", variants.len());
        for variant in &variants {
            assert!(is_one_edit("rechnung", variant) && is_one_edit(variant, "rechnung"), "{variant}");
        }
        for misread in ["rechnun", "rechnunq", "rcehnung", "rechnungs", "echnung", "rechnun9", "xrechnung"] {
            assert!(variants.iter().any(|variant| variant == misread), "{misread}");
        }
    }

    #[test]
    fn two_edits_or_none_are_not_one() {
        for (one, other) in
            [("wort", "wort"), ("wort", "wrto"), ("wort", "wo"), ("wort", "wxyt"), ("abcd", "badc"), ("", "")]
        {
            assert!(!is_one_edit(one, other), "{one} {other}");
        }
        assert!(is_one_edit("a", "") && is_one_edit("", "a"));
    }

    /// Against the plain definition, for all short words over two letters.
    #[test]
    fn one_edit_is_what_it_is_said_to_be() {
        let mut words = vec![String::new()];
        for length in 0..5 {
            let longer: Vec<_> = words.iter().filter(|word| word.len() == length).cloned().collect();
            words.extend(longer.iter().flat_map(|word| ["a", "b"].map(|letter| format!("{word}{letter}"))));
        }
        for one in &words {
            let variants = if one.is_empty() { Vec::new() } else { one_edit_variants(one) };
            for other in &words {
                if !one.is_empty() {
                    assert_eq!(variants.contains(other), is_one_edit(one, other), "{one} {other}");
                }
            }
        }
    }

    #[test]
    fn only_words_of_small_alphabets_may_be_near() {
        for word in ["haus", "abcd12", "дома", "σοφοσ", "שלום"] {
            assert!(may_be_near(word), "{word}");
        }
        for word in ["abc", "12345", "doc123", "中国人民", "हिन्दी", &"x".repeat(25)] {
            assert!(!may_be_near(word), "{word}");
        }
    }
}
