use hayro::hayro_interpret::hayro_cmap::BfString;
use unicode_bidi::{BidiClass, bidi_class};

/// Which way a word is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Left,
    Right,
    /// Digits and signs go with what is around them.
    Either,
}

fn way_of(c: char) -> Way {
    if c.is_ascii() {
        return if c.is_ascii_alphabetic() { Way::Right } else { Way::Either };
    }
    match bidi_class(c) {
        BidiClass::L => Way::Right,
        BidiClass::R | BidiClass::AL => Way::Left,
        _ => Way::Either,
    }
}

fn way_of_text(text: &str) -> Way {
    let ways = || text.chars().map(way_of);
    if ways().any(|way| way == Way::Left) {
        Way::Left
    } else if ways().any(|way| way == Way::Right) {
        Way::Right
    } else {
        Way::Either
    }
}

/// Spells a word whose letters stand from left to right in the order in which one would read it.
pub(super) fn spell_word(letters: &[&BfString]) -> String {
    let mut texts: Vec<String> = letters
        .iter()
        .map(|text| match text {
            BfString::Char(c) => c.to_string(),
            BfString::String(text) => text.clone(),
        })
        .collect();
    if texts.iter().any(|text| way_of_text(text) == Way::Left) {
        texts.reverse();
        // numbers stay as they are; a sign between two digits belongs to the number
        let is_digit = |text: &String| text.chars().all(|c| matches!(bidi_class(c), BidiClass::EN | BidiClass::AN));
        let mut start = 0;
        while start < texts.len() {
            let length = texts[start..].iter().take_while(|text| is_digit(text)).count();
            texts[start..start + length].reverse();
            start += length.max(1);
        }
    }
    texts.concat()
}

/// Orders the words of a line, given from left to right, as they are read.
pub(super) fn order_words<W>(words: &mut [W], text: impl Fn(&W) -> &str) {
    let ways: Vec<Way> = words.iter().map(|word| way_of_text(text(word))).collect();
    let count = |wanted| ways.iter().filter(|&&way| way == wanted).count();
    let (left, right) = (count(Way::Left), count(Way::Right));
    if left == 0 {
        return;
    }
    let (main, other) = if left >= right { (Way::Left, Way::Right) } else { (Way::Right, Way::Left) };
    if main == Way::Left {
        words.reverse();
    }
    // passages that go the other way, from their first to their last word
    let mut ways = ways;
    if main == Way::Left {
        ways.reverse();
    }
    let mut start = 0;
    while start < ways.len() {
        if ways[start] != other {
            start += 1;
            continue;
        }
        let passage = ways[start..].iter().take_while(|&&way| way != main).count();
        let length = ways[start..start + passage].iter().rposition(|&way| way == other).map_or(1, |last| last + 1);
        words[start..start + length].reverse();
        start += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        let mut words: Vec<String> = line
            .split(' ')
            .map(|word| {
                let letters: Vec<BfString> = word.chars().map(BfString::Char).collect();
                spell_word(&letters.iter().collect::<Vec<_>>())
            })
            .collect();
        order_words(&mut words, |word| word);
        words.join(" ")
    }

    #[test]
    fn reads_hebrew_from_the_right_and_numbers_from_the_left() {
        // as it stands on paper, from left to right
        assert_eq!(read("םלוע םולש"), "שלום עולם");
        assert_eq!(read("hello world"), "hello world");
        assert_eq!(read("2024 תנש"), "שנת 2024");
        assert_eq!(read("the word םלוע םולש here"), "the word שלום עולם here");
        assert_eq!(read("םלוע hello world םולש"), "שלום hello world עולם");
    }
}
