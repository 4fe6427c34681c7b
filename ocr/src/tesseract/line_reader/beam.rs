use super::{
    dictionary::{Dictionary, Kind, Position},
    lattice::{Beams, Lattice, PathStep},
    node::{Codes, NEXTS, NOWHERE, Next, Node, Said},
    top::{Group, Top},
    unicharset::{SPACE, Unicharset},
};

/// Steps outside the dictionary are this much worse, and all a little, so that the dictionary has a chance: constants
/// of Tesseract's lstmrecognizer.cpp and linerec.cpp.
const OUTSIDE_DICTIONARY: f32 = 2.25;
const OFFSET: f32 = -0.085;
const WORST_IN_DICTIONARY: f32 = -25.0 / 7.0;
const WORST: f32 = -20.0;

/// The search of a line for its most probable reading (Tesseract's recodebeam.cpp, for models where each character
/// is one output).
struct Search<'a> {
    codes: Codes,
    unicharset: &'a Unicharset,
    dictionary: Option<&'a Dictionary>,
    start: Vec<Position>,
    lattice: Lattice,
    positions: Vec<Position>,
    /// positions of the step that is being tried
    reached: Vec<Position>,
    /// best beginning of a word, for each [`Next`]
    initial: [Option<Node>; NEXTS.len()],
}

/// Finds the best reading of a line from the probabilities of each step: rows of `row` values.
pub(super) fn best_path(
    values: &[f32],
    row: usize,
    codes: Codes,
    unicharset: &Unicharset,
    dictionary: Option<&Dictionary>,
) -> Vec<PathStep> {
    let mut search = Search {
        codes,
        unicharset,
        dictionary,
        start: dictionary.map(Dictionary::start).unwrap_or_default(),
        lattice: Lattice::default(),
        positions: Vec::new(),
        reached: Vec::new(),
        initial: [None; NEXTS.len()],
    };
    let mut previous = Beams::default();
    for (index, outputs) in values.chunks_exact(row).enumerate() {
        let top = Top::new(&outputs[..codes.outputs], codes.null);
        search.advance(&top, (index > 0).then_some(previous));
        previous = search.lattice.keep_beams();
    }
    search.lattice.path_to(search.lattice.best_end(previous))
}

impl Search<'_> {
    /// Tries all that may follow the nodes of the step before (ranges of nodes, one a beam).
    fn advance(&mut self, top: &Top, previous: Option<Beams>) {
        let Some(previous) = previous else {
            self.follow(None, false, Next::Anything, top, Group::Best);
            if self.dictionary.is_some() {
                self.follow(None, true, Next::Anything, top, Group::Best);
            }
            self.initial = [None; NEXTS.len()];
            return;
        };
        for group in [Group::Best, Group::Good, Group::Rest] {
            for (beam, (start, end)) in previous.into_iter().enumerate() {
                for node in start..end {
                    let id = u32::try_from(node).unwrap_or(NOWHERE);
                    self.follow(Some(id), beam >= NEXTS.len(), NEXTS[beam % NEXTS.len()], top, group);
                }
            }
            if self.lattice.goes_on() {
                break;
            }
        }
        for next in NEXTS {
            if let Some(node) = self.initial[next as usize].take() {
                self.lattice.push(true, next, node);
            }
        }
    }

    /// Tries the codes of a group after a node (`ContinueContext`).
    fn follow(&mut self, id: Option<u32>, in_dictionary: bool, may: Next, top: &Top, group: Group) {
        let previous = id.and_then(|id| self.lattice.node(id).copied());
        if let Some(node) = previous {
            if top.group(node.code) == group {
                let null_too = may == Next::Anything && group == Group::Best && node.code != self.codes.null;
                if may != Next::NoDuplicate {
                    let certainty = top.certainty(node.code) + OFFSET;
                    self.repeat(id, &node, certainty, in_dictionary, Next::Anything);
                }
                if null_too {
                    let certainty = top.certainty_with_null(node.code) + OFFSET;
                    self.repeat(id, &node, certainty, in_dictionary, Next::NoDuplicate);
                }
            }
            if may == Next::OnlyDuplicate {
                return;
            }
        }
        for code in top.codes(group) {
            if previous.is_some_and(|node| node.code == code) {
                continue;
            }
            let certainty = top.certainty(code) + OFFSET;
            if certainty < WORST && code != self.codes.null {
                continue;
            }
            let unichar = if code == self.codes.null { None } else { self.unicharset.by_code(usize::from(code)) };
            let mut said = Said { id, previous, code, unichar, certainty, next: Next::Anything };
            self.say(&said, in_dictionary);
            if group == Group::Best && code != self.codes.null {
                let before = previous.filter(|node| may == Next::Anything && node.code != self.codes.null);
                said.certainty = top.certainty_at_change(code, before.map(|node| node.code)) + OFFSET;
                said.next = Next::OnlyDuplicate;
                self.say(&said, in_dictionary);
            }
        }
    }

    /// Goes on saying the same (`PushDupOrNoDawgIfBetter`).
    fn repeat(&mut self, id: Option<u32>, node: &Node, certainty: f32, in_dictionary: bool, next: Next) {
        let certainty = if in_dictionary {
            if certainty <= WORST_IN_DICTIONARY {
                return;
            }
            certainty
        } else {
            let certainty = certainty * OUTSIDE_DICTIONARY;
            if certainty < WORST && node.code != self.codes.null {
                return;
            }
            certainty
        };
        let repeated = Node {
            starts_dictionary: false,
            starts_word: false,
            ends_word: false,
            is_duplicate: true,
            certainty,
            score: node.score + certainty,
            previous: id.unwrap_or(NOWHERE),
            positions: None,
            ..*node
        };
        self.lattice.push(in_dictionary, next, repeated);
    }

    /// Says a code (`ContinueUnichar`).
    fn say(&mut self, said: &Said, in_dictionary: bool) {
        if in_dictionary {
            if said.certainty > WORST_IN_DICTIONARY {
                self.say_in_dictionary(said);
            }
            return;
        }
        let certainty = said.certainty * OUTSIDE_DICTIONARY;
        let node = Said { certainty, ..*said }.node(Kind::NotInDictionary, self.codes);
        self.lattice.push(false, said.next, node);
        // a word of the dictionary may begin after a space; the space then counts in full, since it is what its
        // certainty is measured by, too
        if self.dictionary.is_some() && said.unichar == Some(SPACE) && said.certainty > WORST_IN_DICTIONARY {
            self.begin_word(said, Kind::None);
        }
    }

    /// Says a code if a word of the dictionary goes on with it (`ContinueDawg`).
    fn say_in_dictionary(&mut self, said: &Said) {
        let Some(unichar) = said.unichar else {
            let node = said.node(Kind::None, self.codes);
            self.lattice.push(true, said.next, node);
            return;
        };
        let score = said.certainty + said.previous.map_or(0.0, |node| node.score);
        if self.lattice.is_too_bad(true, said.next, score) && self.lattice.is_too_bad(false, said.next, score) {
            return;
        }
        let last = said.previous.and_then(|node| self.lattice.node(node.last_said).copied());
        if unichar == SPACE {
            if let Some(last) = last.filter(|last| last.ends_word) {
                self.begin_word(said, last.kind);
                let node = said.node(last.kind, self.codes);
                self.lattice.push(false, said.next, node);
            }
            return;
        }
        let Some(dictionary) = self.dictionary else { return };
        let (positions, starts_word) = match last {
            None => (self.start.as_slice(), true),
            Some(last) => match last.positions {
                Some((start, end)) => (&self.positions[start as usize..end as usize], last.starts_dictionary),
                None => return,
            },
        };
        let step = dictionary.follow(positions, unichar, self.unicharset, &mut self.reached);
        if step.kind != Kind::None {
            let mut node = said.node(step.kind, self.codes);
            (node.starts_word, node.ends_word) = (starts_word, step.ends_word);
            let start = self.positions.len();
            self.positions.extend_from_slice(&self.reached);
            node.positions = range(start, self.positions.len());
            if !self.lattice.push(true, said.next, node) {
                self.positions.truncate(start);
            }
        }
    }

    /// Says a space after which a word of the dictionary may begin (`PushInitialDawgIfBetter`).
    fn begin_word(&mut self, said: &Said, kind: Kind) {
        let mut node = said.node(kind, self.codes);
        let best = &mut self.initial[said.next as usize];
        if best.is_none_or(|best| node.score > best.score) {
            let start = self.positions.len();
            self.positions.extend_from_slice(&self.start);
            node.positions = range(start, self.positions.len());
            node.starts_dictionary = true;
            *best = Some(node);
        }
    }
}

fn range(start: usize, end: usize) -> Option<(u32, u32)> {
    Some((u32::try_from(start).ok()?, u32::try_from(end).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tesseract::line_reader::{
        dawg::tests::bytes_of,
        traineddata::tests::bytes_with,
        traineddata::{Part, TrainedData},
        unicharset::tests::letters,
        words::split_words,
    };

    const SPACE_CODE: usize = 0;
    const A: usize = 1;
    const SEVEN: usize = 2;
    const NULL: usize = 3;
    const SURE: f32 = 0.97;

    /// Text and confidence of the words when at each step one code is nearly sure, or two share.
    fn read(steps: &[(usize, f32, usize)], dictionary: Option<&Dictionary>) -> Vec<(String, f32, (usize, usize))> {
        let mut values = Vec::new();
        for &(code, share, other) in steps {
            let mut row = [0.0; 4];
            row[other] = 1.0 - share;
            row[code] = share;
            values.extend(row);
        }
        let (letters, codes) = (letters(), Codes { outputs: 4, null: 3 });
        let path = best_path(&values, 4, codes, &letters, dictionary);
        split_words(&path, &letters).into_iter().map(|word| (word.text, word.confidence, word.steps)).collect()
    }

    fn word_a() -> Dictionary {
        let (is_last, ends_word) = (1, 4);
        let words = bytes_of(&[(3, is_last | ends_word, 0)]);
        let bytes = bytes_with(Part::Words, &words);
        Dictionary::new(&TrainedData::new(&bytes).unwrap()).unwrap().unwrap()
    }

    #[test]
    fn folds_repeats_and_splits_at_spaces() {
        let sure = |code| (code, SURE, NULL);
        let steps = [A, A, NULL, A, SEVEN, NULL, SPACE_CODE, NULL, A].map(sure);
        let words = read(&steps, None);
        let texts: Vec<_> = words.iter().map(|word| (word.0.as_str(), word.2)).collect();
        assert_eq!(texts, [("aa7", (0, 6)), ("a", (6, 9))]);
        // the worst step counts: (ln 0.97 - 0.085) x 2.25 x 7 x 5 %
        assert!(words.iter().all(|word| (word.1 - 0.909).abs() < 0.002), "{words:?}");
    }

    #[test]
    fn a_word_of_the_dictionary_beats_what_looks_a_little_more_likely() {
        let steps = [(NULL, SURE, A), (SEVEN, 0.55, A), (NULL, SURE, A)];
        assert_eq!(read(&steps, None)[0].0, "7");
        let words = read(&steps, Some(&word_a()));
        assert_eq!(words[0].0, "a");
        let sure = read(&[(NULL, SURE, A), (A, SURE, NULL), (NULL, SURE, A)], Some(&word_a()));
        assert!((sure[0].1 - 0.960).abs() < 0.002, "not made worse: {sure:?}");
    }

    #[test]
    fn says_nothing_where_nothing_stands() {
        assert_eq!(read(&[(NULL, SURE, A); 5], None), []);
        assert_eq!(read(&[], Some(&word_a())), []);
    }
}
