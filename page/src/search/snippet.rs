use super::Found;
use crate::{Bounds, Word};

/// Passages that are shown of a page.
const MAX_SNIPPETS: usize = 3;
/// Words around what was found.
const AROUND: usize = 8;
/// Words of one passage, whatever was found in it.
const MAX_WORDS: usize = 40;
/// Characters of a word in a passage; a longer one is rubbish.
const MAX_WORD_CHARS: usize = 80;
/// Words that are marked on the picture of a page.
const MAX_BOXES: usize = 200;

/// A passage of a page with what was found in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// Its words with spaces between them.
    pub text: String,
    /// Begin and end of each word that was meant, in UTF-16 units as browsers count; the end is exclusive.
    pub marks: Vec<(usize, usize)>,
}

/// Gives the first passages of a page that have what was found.
#[must_use]
pub fn snippets(found: &Found, words: &[Word]) -> Vec<Snippet> {
    let mut passages: Vec<(usize, usize)> = Vec::new();
    for &(first, last) in &found.places {
        let (begin, end) = (first.saturating_sub(AROUND), (last + 1 + AROUND).min(words.len()));
        match passages.last().copied() {
            Some((from, to)) if begin <= to && end - from <= MAX_WORDS => {
                passages.pop();
                passages.push((from, end));
            }
            Some((_, to)) if begin < to => passages.push((to.min(first), end)),
            _ => passages.push((begin, end)),
        }
    }
    let shown = passages.into_iter().take(MAX_SNIPPETS);
    shown.map(|(begin, end)| snippet(found, words, begin..end.min(begin + MAX_WORDS))).collect()
}

fn snippet(found: &Found, words: &[Word], range: std::ops::Range<usize>) -> Snippet {
    let (mut snippet, mut length) = (Snippet::default(), 0);
    for index in range {
        let Some(word) = words.get(index) else { break };
        if !snippet.text.is_empty() {
            snippet.text.push(' ');
            length += 1;
        }
        let shown: String = word.text.chars().take(MAX_WORD_CHARS).collect();
        if found.places.iter().any(|place| (place.0..=place.1).contains(&index)) {
            snippet.marks.push(mark(&shown, length));
        }
        length += shown.encode_utf16().count();
        snippet.text.push_str(&shown);
    }
    snippet
}

/// Gives where a word stands that begins at `begin`, without the signs around it.
fn mark(word: &str, begin: usize) -> (usize, usize) {
    let is_sign = |sign: char| !sign.is_alphanumeric();
    let count = |text: &str| text.encode_utf16().count();
    let bare = word.trim_start_matches(is_sign);
    let begin = begin + count(word) - count(bare);
    (begin, begin + count(bare.trim_end_matches(is_sign)))
}

/// Lists the boxes of the words that were meant, on the picture of the page.
#[must_use]
pub fn shown_words(found: &Found, words: &[Word]) -> Vec<Bounds> {
    let meant = found.places.iter().flat_map(|&(first, last)| first..=last);
    meant.filter_map(|index| Some(words.get(index)?.bounds)).take(MAX_BOXES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        let words = (0..).zip(text.split(' '));
        words
            .map(|(left, text)| Word { text: text.into(), bounds: [left, 0, left + 1, 9], ..Word::default() })
            .collect()
    }

    fn found(places: &[(usize, usize)]) -> Found {
        Found { is_near: false, places: places.to_vec() }
    }

    #[test]
    fn marks_are_counted_as_browsers_do() {
        let page = words("𝒜 (Müller), 😀 end");
        let snippets = snippets(&found(&[(1, 1), (3, 3)]), &page);
        assert_eq!(snippets.len(), 1);
        let units: Vec<u16> = snippets[0].text.encode_utf16().collect();
        let marked: Vec<_> =
            snippets[0].marks.iter().map(|&(begin, end)| String::from_utf16_lossy(&units[begin..end])).collect();
        assert_eq!(marked, ["Müller", "end"]);
        assert_eq!(shown_words(&found(&[(1, 2)]), &page), [[1, 0, 2, 9], [2, 0, 3, 9]]);
    }

    #[test]
    fn passages_are_few_short_and_show_what_was_found() {
        let page = words(&(0..500).map(|number| number.to_string()).collect::<Vec<_>>().join(" "));
        let shown = snippets(&found(&[(20, 20), (25, 25), (200, 230), (300, 300), (400, 400)]), &page);
        assert_eq!(shown.len(), MAX_SNIPPETS);
        assert!(shown[0].text.starts_with("12 13") && shown[0].text.ends_with(" 33"), "{}", shown[0].text);
        assert_eq!(shown[0].marks.len(), 2);
        assert!(shown.iter().all(|snippet| snippet.text.split(' ').count() <= MAX_WORDS && !snippet.marks.is_empty()));
        assert!(snippets(&found(&[]), &page).is_empty());
    }
}
