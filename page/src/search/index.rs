use std::collections::BTreeSet;

use super::{MAX_PREFIX, MIN_PREFIX, lookup::push_unspaced, passages::Passages};
use crate::Word;

/// Words and prefixes of a page that are in the index, together; those at the end of a fuller page are not found. A close
/// page of a telephone book has some 4,000.
pub const MAX_INDEX_WORDS: usize = 16_384;

/// What of a page stands in its index: each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexWords {
    /// Words as a whole and in their parts; of scripts without spaces letters and pairs of letters.
    pub exact: BTreeSet<String>,
    /// The first three to six letters of longer words.
    pub prefixes: BTreeSet<String>,
}

/// Lists what of a page stands in its index.
#[must_use]
pub fn index_words(words: &[Word]) -> IndexWords {
    let passages = Passages::of(words);
    let mut listed = IndexWords::default();
    for (position, (part, _)) in passages.parts.iter().enumerate() {
        if part.is_unspaced {
            let next = passages.parts.get(position + 1).map(|(next, _)| next);
            push_unspaced(part, next, |text| listed.add(text, false));
            listed.add(part.text.clone(), false);
        } else {
            listed.add(part.text.clone(), true);
        }
    }
    for whole in passages.wholes {
        listed.add(whole.text, true);
    }
    listed
}

impl IndexWords {
    fn add(&mut self, text: String, has_prefixes: bool) {
        if has_prefixes {
            let ends = text.char_indices().map(|(begin, _)| begin).enumerate();
            for (_, end) in ends.filter(|(letters, _)| (MIN_PREFIX..=MAX_PREFIX).contains(letters)) {
                if self.has_room() && !self.prefixes.contains(&text[..end]) {
                    self.prefixes.insert(text[..end].to_owned());
                }
            }
        }
        if self.has_room() {
            self.exact.insert(text);
        }
    }

    fn has_room(&self) -> bool {
        self.exact.len() + self.prefixes.len() < MAX_INDEX_WORDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        text.split(' ').map(|text| Word { text: text.into(), ..Word::default() }).collect()
    }

    #[test]
    fn words_are_listed_with_their_prefixes() {
        let listed = index_words(&words("Rechnung DOC-1 an an abc"));
        assert_eq!(Vec::from_iter(listed.exact), ["1", "abc", "an", "doc", "doc1", "rechnung"]);
        assert_eq!(Vec::from_iter(listed.prefixes), ["doc", "rec", "rech", "rechn", "rechnu"]);
    }

    #[test]
    fn scripts_without_spaces_are_listed_by_pairs_across_words() {
        let listed = index_words(&words("中国 人 x"));
        assert_eq!(Vec::from_iter(listed.exact), ["x", "中", "中国", "人", "国", "国人"]);
        assert!(listed.prefixes.is_empty());
    }

    #[test]
    fn no_page_lists_more_than_may_be() {
        let many: Vec<_> = (0..20_000).map(|number| format!("{number:05}word")).collect();
        let listed = index_words(&words(&many.join(" ")));
        assert_eq!(listed.exact.len() + listed.prefixes.len(), MAX_INDEX_WORDS);
        assert_eq!(index_words(&[]), IndexWords::default());
    }
}
