use serde::Serialize;

/// One recognised word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Word {
    /// The text, never empty.
    pub text: String,
    /// 0.0 to 1.0.
    pub confidence: f32,
    /// Box on the page image: left, top, right, bottom in pixels; origin top left, y downwards; right and bottom
    /// are exclusive.
    #[serde(rename = "box")]
    pub bounds: [u32; 4],
    /// Line of the page this word stands in, from 0, in reading order.
    pub line: u32,
    /// Block (paragraph) of the page this word stands in, from 0, in reading order.
    pub block: u32,
}

/// What was read from one page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageText {
    /// Width of the page image in pixels.
    pub width: u32,
    /// Height of the page image in pixels.
    pub height: u32,
    /// Resolution of the page image in dots per inch.
    pub dpi: u32,
    /// Clockwise turn that made the page upright, beyond what the file itself asks for: 0, 90, 180 or 270 degrees.
    pub rotation_applied: u32,
    /// Mean confidence of the words, 0.0 to 1.0; 0.0 for a page without words.
    pub mean_confidence: f32,
    /// Words in reading order.
    pub words: Vec<Word>,
    /// The text of the page: words, line breaks, blank lines between blocks.
    pub text: String,
    /// Name and version of the engine, such as `tesseract 5.3.0`.
    pub engine: String,
}

/// Joins words to text: a space between words, a line break between lines, a blank line between blocks.
pub(crate) fn join_words(words: &[Word]) -> String {
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
pub(crate) fn mean_confidence(words: &[Word]) -> f32 {
    if words.is_empty() {
        return 0.0;
    }
    // f64, because a page may have many thousand words
    let sum: f64 = words.iter().map(|word| f64::from(word.confidence)).sum();
    #[expect(clippy::cast_possible_truncation, reason = "a mean of values from 0.0 to 1.0")]
    let mean = (sum / words.len() as f64) as f32;
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, line: u32, block: u32) -> Word {
        Word { text: text.into(), confidence: 0.5, bounds: [0, 0, 1, 1], line, block }
    }

    #[test]
    fn joins_words_lines_and_blocks() {
        let words = [word("a", 0, 0), word("b", 0, 0), word("c", 1, 0), word("d", 2, 1)];
        assert_eq!(join_words(&words), "a b\nc\n\nd\n");
        assert_eq!(join_words(&[]), "");
        assert!((mean_confidence(&words) - 0.5).abs() < 1e-6);
    }
}
