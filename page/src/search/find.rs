use super::{
    Query, Term, TermKind,
    lookup::has_unspaced,
    near::is_one_edit,
    passages::{Passages, Span},
    split::Split,
};
use crate::Word;

/// Places of one term on a page that are looked for; more tell nobody anything.
const MAX_SPANS: usize = 200;

/// Where a page has what a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Some term is only there with one letter misread.
    pub is_near: bool,
    /// Words of the page that were meant, from first to last, in reading order and without overlaps: places in its list.
    pub places: Vec<(usize, usize)>,
}

/// Looks whether a page has what a query asks for, and where.
#[must_use]
pub fn find(query: &Query, words: &[Word]) -> Option<Found> {
    let passages = Passages::of(words);
    let is_excluded = |term: &Term| !passages.exact(term).is_empty();
    if query.excluded.iter().any(is_excluded) {
        return None;
    }
    let (mut spans, mut is_near) = (Vec::new(), false);
    for clause in &query.clauses {
        let mut found: Vec<Span> = clause.iter().flat_map(|term| passages.exact(term)).collect();
        if found.is_empty() {
            found = clause.iter().flat_map(|term| passages.near(term)).collect();
            is_near = true;
        }
        if found.is_empty() {
            return None;
        }
        spans.append(&mut found);
    }
    Some(Found { is_near, places: passages.places(spans) })
}

impl Passages {
    /// Lists where a term stands as it was asked for.
    fn exact(&self, term: &Term) -> Vec<Span> {
        match (term.kind, term.splits.as_slice()) {
            (TermKind::Prefix, [split]) if !has_unspaced(split) => {
                let prefix = term.compared();
                self.where_word(|word| word.starts_with(&prefix))
            }
            (_, splits) => (0..self.parts.len())
                .flat_map(|begin| self.follow(splits, begin).map(|end| Span { begin, end }))
                .take(MAX_SPANS)
                .collect(),
        }
    }

    /// Lists where a word stands with one letter misread.
    fn near(&self, term: &Term) -> Vec<Span> {
        if !term.is_near_enough {
            return Vec::new();
        }
        let word = term.compared();
        self.where_word(|other| is_one_edit(&word, other))
    }

    /// Lists the words that are so, parts before wholes.
    fn where_word(&self, is_meant: impl Fn(&str) -> bool) -> Vec<Span> {
        let parts = self.parts.iter().enumerate().filter(|(_, (part, _))| !part.is_unspaced && is_meant(&part.text));
        let parts = parts.map(|(begin, _)| Span { begin, end: begin + 1 });
        let wholes = self.wholes.iter().filter(|whole| is_meant(&whole.text)).map(|whole| whole.span);
        parts.chain(wholes).take(MAX_SPANS).collect()
    }

    /// Follows words one after the other from a part on; gives the part behind the last one if all are there. All ways go on
    /// together, so that a long phrase of words that may end in two places takes no longer.
    fn follow(&self, splits: &[Split], begin: usize) -> Option<usize> {
        let mut ends = vec![begin];
        for split in splits {
            ends = ends.iter().flat_map(|&begin| self.ends_of(split, begin)).collect();
            ends.sort_unstable();
            ends.dedup();
        }
        ends.first().copied()
    }

    /// Lists the parts behind a word that may stand at this part, in one piece or in several.
    fn ends_of(&self, split: &Split, begin: usize) -> Vec<usize> {
        let mut ends = Vec::with_capacity(2);
        if self.has_parts(split, begin) {
            ends.push(begin + split.parts.len());
        }
        let whole = match (&split.whole, split.parts.as_slice()) {
            (Some(whole), _) => Some(whole),
            (None, [only]) => Some(&only.text),
            _ => None,
        };
        if let Some(whole) = whole {
            ends.extend(self.wholes_at(begin).filter(|piece| piece.text == *whole).map(|piece| piece.span.end));
            let is_part = self.parts.get(begin).is_some_and(|(part, _)| part.text == *whole);
            ends.extend(is_part.then_some(begin + 1));
        }
        ends
    }

    fn has_parts(&self, split: &Split, begin: usize) -> bool {
        let parts = self.parts.get(begin..begin + split.parts.len());
        parts.is_some_and(|parts| parts.iter().zip(&split.parts).all(|((part, _), wanted)| part.text == wanted.text))
    }

    /// Gives the words that the spans lie in, those that overlap together.
    fn places(&self, mut spans: Vec<Span>) -> Vec<(usize, usize)> {
        spans.sort_unstable();
        let mut places: Vec<(usize, usize)> = Vec::new();
        for span in spans {
            let word_of = |part: usize| self.parts.get(part).map_or(0, |(_, word)| *word);
            let (first, last) = (word_of(span.begin), word_of(span.end.saturating_sub(1)));
            match places.last_mut() {
                Some(place) if first <= place.1 => place.1 = place.1.max(last),
                _ => places.push((first, last)),
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Lookup, index_words};

    fn words(lines: &[&str]) -> Vec<Word> {
        let lines = (0..).zip(lines);
        let words = lines.flat_map(|(line, text)| {
            text.split(' ').map(move |text| Word { text: text.into(), line, ..Word::default() })
        });
        words.collect()
    }

    fn found(query: &str, page: &[Word]) -> Option<(bool, Vec<(usize, usize)>)> {
        let found = find(&Query::parse(query).expect("a query"), page)?;
        Some((found.is_near, found.places))
    }

    #[test]
    fn a_long_phrase_that_almost_stands_there_takes_no_time() {
        // in ways that double with each word this takes for ever
        let page = words(&[&format!("{} z y", "x ".repeat(60).trim_end())]);
        assert_eq!(found(&format!("\"{} y\"", "x ".repeat(60).trim_end()), &page), None);
        let dashes = words(&[&format!("{} z y", "a-b ".repeat(60).trim_end())]);
        assert_eq!(found(&format!("\"{} y\"", "a-b ".repeat(60).trim_end()), &dashes), None);
        assert!(found(&format!("\"{} z\"", "x ".repeat(60).trim_end()), &page).is_some());
    }

    /// Says whether the index would name the page for every clause, misread words included.
    fn is_candidate(query: &str, page: &[Word]) -> bool {
        let index = index_words(page);
        let has = |lookup: &Lookup| match lookup {
            Lookup::Exact(word) => index.exact.contains(word),
            Lookup::Prefix(prefix) => index.prefixes.contains(prefix),
        };
        let may_have = |term: &Term| {
            term.lookups().iter().any(|all| all.iter().all(has))
                || term.near_words().iter().any(|word| index.exact.contains(word))
        };
        Query::parse(query).expect("a query").clauses.iter().all(|clause| clause.iter().any(may_have))
    }

    const PAGE: [&str; 5] = [
        "Die Rechnung Nr. DOC-123 vom 12.03.2024 über",
        "1.234,56 € für die Donau-",
        "dampfschiffahrt der Firma Müller & Söhne, l’État",
        "中国 人民 共和国 第3章",
        "misread: Rechnuug, Vertrae",
    ];

    #[test]
    fn what_is_on_the_page_is_found_in_its_words_and_in_its_index() {
        let page = words(&PAGE);
        for (query, places) in [
            ("rechnung", vec![(1, 1)]),
            ("RECHNUNG doc", vec![(1, 1), (3, 3)]),
            ("DOC-123", vec![(3, 3)]),
            ("doc123", vec![(3, 3)]),
            ("\"DOC 123\"", vec![(3, 3)]),
            ("12.03.2024", vec![(5, 5)]),
            ("1234,56", vec![(7, 7)]),
            ("1.234,56", vec![(7, 7)]),
            ("donaudampfschiffahrt", vec![(11, 12)]),
            ("dampfschiffahrt", vec![(12, 12)]),
            ("donaudampf*", vec![(11, 12)]),
            ("\"für die donaudampfschiffahrt der\"", vec![(9, 13)]),
            ("\"für die donau dampfschiffahrt\"", vec![(9, 12)]),
            ("muller", vec![(15, 15)]),
            ("letat", vec![(18, 18)]),
            ("etat", vec![(18, 18)]),
            ("mül*", vec![(15, 15)]),
            ("firm*", vec![(14, 14)]),
            ("firma*", vec![(14, 14)]),
            ("国人", vec![(19, 20)]),
            ("共", vec![(21, 21)]),
            ("第3章", vec![(22, 22)]),
            ("nothing OR firma", vec![(14, 14)]),
            ("firma -nothing", vec![(14, 14)]),
        ] {
            assert_eq!(found(query, &page), Some((false, places)), "{query}");
            assert!(is_candidate(query, &page), "{query}");
        }
    }

    #[test]
    fn a_misread_letter_is_near() {
        let page = words(&PAGE);
        assert_eq!(found("vertrag", &page), Some((true, vec![(25, 25)])));
        assert_eq!(found("vertrag firma", &page), Some((true, vec![(14, 14), (25, 25)])));
        assert!(is_candidate("vertrag firma", &page));
        assert_eq!(found("rechnung", &page), Some((false, vec![(1, 1)])), "where it is exact, only that is shown");
        assert_eq!(found("\"vertrag\"", &page), None, "in quotes it is exact");
        assert_eq!(found("vertrag*", &page), None);
        assert_eq!(found("firma -vertrag", &page), Some((false, vec![(14, 14)])), "what is excluded is exact");
    }

    #[test]
    fn what_is_not_on_the_page_is_not_found() {
        let page = words(&PAGE);
        for query in ["quittung", "\"rechnung firma\"", "firma -rechnung", "firma -\"die rechnung\"", "doc124", "人国"]
        {
            assert_eq!(found(query, &page), None, "{query}");
        }
        assert_eq!(found("a", &[]), None);
    }

    /// Whatever stands on a page is found by it: word for word, and any two neighbours as a phrase.
    #[test]
    fn every_word_and_every_pair_is_found() {
        let page = words(&PAGE);
        let texts: Vec<_> = page.iter().map(|word| word.text.replace(['"', '*'], "")).collect();
        let pairs = texts.windows(2).map(|pair| format!("\"{} {}\"", pair[0], pair[1]));
        for query in texts.iter().map(|text| format!("\"{text}\"")).chain(pairs) {
            let Ok(parsed) = Query::parse(&query) else { continue };
            assert!(find(&parsed, &page).is_some_and(|found| !found.is_near), "{query}");
            assert!(is_candidate(&query, &page), "{query}");
        }
    }
}
