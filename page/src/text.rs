use crate::Word;

/// Joins words to text: a space between words, a line break between lines, a blank line between blocks.
#[must_use]
pub fn join_words(words: &[Word]) -> String {
    let mut text = String::new();
    let mut previous: Option<&Word> = None;
    for word in words {
        text.push_str(match previous {
            None => "",
            Some(p) if p.block != word.block => "\n\n",
            Some(p) if p.line != word.line => "\n",
            Some(_) => " ",
        });
        text.push_str(&word.text);
        previous = Some(word);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Averages the confidence over the words, 0.0 when there are none.
#[must_use]
pub fn mean_confidence(words: &[Word]) -> f32 {
    if words.is_empty() {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a mean of values from 0.0 to 1.0")]
    let mean = (sum_confidence(words) / words.len() as f64) as f32;
    mean
}

/// Says how many of the words are expected to be right: the sum of their confidences.
#[must_use]
pub fn expected_words(words: &[Word]) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "no more than there are words")]
    let expected = sum_confidence(words) as f32;
    expected
}

/// Says whether text begins, or would, on the right: its first letter is Hebrew, Arabic or of their kind.
#[must_use]
pub fn is_right_to_left(text: &str) -> bool {
    let is_rtl = |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
    text.chars().find(|c| c.is_alphabetic()).is_some_and(is_rtl)
}

/// Adds in f64, because a page may have many thousand words.
fn sum_confidence(words: &[Word]) -> f64 {
    words.iter().map(|word| f64::from(word.confidence)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, line: u32, block: u32) -> Word {
        Word { text: text.into(), confidence: 0.5, bounds: [0, 0, 1, 1], line, block, ..Word::default() }
    }

    #[test]
    fn joins_words_lines_and_blocks() {
        let words = [word("a", 0, 0), word("b", 0, 0), word("c", 1, 0), word("d", 2, 1)];
        assert_eq!(join_words(&words), "a b\nc\n\nd\n");
        assert_eq!(join_words(&[]), "");
        assert!((mean_confidence(&words) - 0.5).abs() < 1e-6);
        assert!((expected_words(&words) - 2.0).abs() < 1e-6);
    }
}
