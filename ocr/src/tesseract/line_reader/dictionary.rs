use super::{
    Unsupported,
    dawg::{Dawg, Edge},
    traineddata::{Part, TrainedData},
    unicharset::{SPACE, UnicharId, Unicharset},
};

/// What kind of word the letters so far belong to, in rising order of trust (`PermuterType` of ratngs.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    None,
    Punctuation,
    NotInDictionary,
    Number,
    Word,
}

/// How far a word has been followed: in the punctuation around it and in the word itself (`DawgPosition` of dawg.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    core: Option<Core>,
    /// edge reached in the patterns of punctuation; none before the first, or when there are no patterns
    punctuation: Option<Edge>,
    has_punctuation: bool,
    is_back_in_punctuation: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Core {
    list: List,
    /// none before the first letter
    edge: Option<Edge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Words,
    Numbers,
}

/// What one more letter leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// [`Kind::None`]: no word goes on with this letter.
    pub(super) kind: Kind,
    /// The word may end here.
    pub(super) ends_word: bool,
}

/// Words, numbers and the punctuation around them, as Tesseract's models bring them (`Dict` of dict.cpp).
#[derive(Debug)]
pub(super) struct Dictionary {
    punctuation: Option<Dawg>,
    words: Option<Dawg>,
    numbers: Option<Dawg>,
}

/// The letter that stands for a word in a pattern of punctuation, and for a digit in a pattern of numbers.
const PATTERN: UnicharId = SPACE;

impl Dictionary {
    /// Reads the word lists that the data has; none when it has no list at all.
    pub(super) fn new(data: &TrainedData) -> Result<Option<Self>, Unsupported> {
        let read = |part| data.find(part).map(Dawg::new).transpose();
        let (punctuation, words, numbers) = (read(Part::Punctuation)?, read(Part::Words)?, read(Part::Numbers)?);
        let is_empty = punctuation.is_none() && words.is_none() && numbers.is_none();
        Ok((!is_empty).then_some(Self { punctuation, words, numbers }))
    }

    /// Where a word begins.
    pub(super) fn start(&self) -> Vec<Position> {
        let mut positions = Vec::new();
        let nowhere = Position { core: None, punctuation: None, has_punctuation: false, is_back_in_punctuation: false };
        if self.punctuation.is_some() {
            positions.push(Position { has_punctuation: true, ..nowhere });
        }
        // a word without punctuation is one of the patterns, normally
        let is_bare_word_pattern = |dawg: &Dawg| dawg.first(PATTERN).is_some_and(|edge| dawg.ends_word(edge));
        if !self.punctuation.as_ref().is_some_and(is_bare_word_pattern) {
            for list in [List::Words, List::Numbers] {
                if self.list(list).is_some() {
                    positions.push(Position { core: Some(Core { list, edge: None }), ..nowhere });
                }
            }
        }
        positions
    }

    /// Follows one more letter from all positions of a word; `next` takes the positions after it
    /// (`Dict::def_letter_is_okay`).
    pub(super) fn follow(
        &self,
        positions: &[Position],
        letter: UnicharId,
        set: &Unicharset,
        next: &mut Vec<Position>,
    ) -> Step {
        next.clear();
        let mut reached = Reached { next, step: Step { kind: Kind::None, ends_word: false } };
        if letter == PATTERN {
            return reached.step;
        }
        for &position in positions {
            match position.core {
                None => self.begin_core(position, letter, set, &mut reached),
                Some(core) => self.follow_core(position, core, letter, set, &mut reached),
            }
        }
        reached.step
    }

    /// In the punctuation before a word: the word may begin, or the punctuation goes on.
    fn begin_core(&self, position: Position, letter: UnicharId, set: &Unicharset, reached: &mut Reached) {
        let Some(punctuation) = &self.punctuation else { return };
        let find = |letter| match position.punctuation {
            None => punctuation.first(letter),
            Some(edge) => punctuation.after(edge, letter),
        };
        if let Some(pattern) = find(PATTERN) {
            for list in [List::Words, List::Numbers] {
                let Some(dawg) = self.list(list) else { continue };
                let Some(edge) = dawg.first(letter_in(list, letter, set)) else { continue };
                let ends_word = dawg.ends_word(edge) && punctuation.ends_word(pattern);
                let core = Some(Core { list, edge: Some(edge) });
                reached.add(Position { core, punctuation: Some(pattern), ..position }, kind_of(list), ends_word);
            }
        }
        if let Some(edge) = find(letter) {
            let position = Position { punctuation: Some(edge), ..position };
            reached.add(position, Kind::Punctuation, punctuation.ends_word(edge));
        }
    }

    /// In a word: it goes on, or the punctuation after it begins.
    fn follow_core(&self, position: Position, core: Core, letter: UnicharId, set: &Unicharset, reached: &mut Reached) {
        let Some(dawg) = self.list(core.list) else { return };
        let punctuation = self.punctuation.as_ref().filter(|_| position.has_punctuation);
        if let (Some(punctuation), Some(edge)) = (punctuation, core.edge)
            && dawg.ends_word(edge)
            && let Some(edge) = position.punctuation.and_then(|edge| punctuation.after(edge, letter))
        {
            let position = Position { punctuation: Some(edge), is_back_in_punctuation: true, ..position };
            reached.add(position, kind_of(core.list), punctuation.ends_word(edge));
        }
        if position.is_back_in_punctuation {
            return;
        }
        let letter = letter_in(core.list, letter, set);
        let edge = match core.edge {
            None => dawg.first(letter),
            Some(edge) => dawg.after(edge, letter),
        };
        if let Some(edge) = edge {
            let may_end = match (punctuation, position.punctuation) {
                (Some(punctuation), Some(edge)) => punctuation.ends_word(edge),
                _ => true,
            };
            let list = core.list;
            let core = Some(Core { edge: Some(edge), ..core });
            let ends_word = dawg.ends_word(edge) && may_end;
            reached.add(Position { core, is_back_in_punctuation: false, ..position }, kind_of(list), ends_word);
        }
    }

    fn list(&self, list: List) -> Option<&Dawg> {
        match list {
            List::Words => self.words.as_ref(),
            List::Numbers => self.numbers.as_ref(),
        }
    }
}

struct Reached<'a> {
    next: &'a mut Vec<Position>,
    step: Step,
}

impl Reached<'_> {
    fn add(&mut self, position: Position, kind: Kind, ends_word: bool) {
        if !self.next.contains(&position) {
            self.next.push(position);
        }
        self.step.kind = self.step.kind.max(kind);
        self.step.ends_word |= ends_word;
    }
}

fn kind_of(list: List) -> Kind {
    match list {
        List::Words => Kind::Word,
        List::Numbers => Kind::Number,
    }
}

fn letter_in(list: List, letter: UnicharId, set: &Unicharset) -> UnicharId {
    if matches!(list, List::Numbers) && set.is_digit(letter) { PATTERN } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tesseract::line_reader::{dawg::tests::bytes_of, unicharset::tests::letters};

    const LAST: u64 = 1;
    const END: u64 = 4;
    const A: UnicharId = 3;
    const SEVEN: UnicharId = 4;
    const QUOTE: UnicharId = 1;

    /// Words "a" and "aa", numbers "7" and "77", bare or in quotes.
    fn dictionary() -> Dictionary {
        let dawg = |edges: &[_]| Some(Dawg::new(&bytes_of(edges)).unwrap());
        Dictionary {
            punctuation: dawg(&[(0, END, 0), (1, LAST, 2), (0, LAST, 3), (1, LAST | END, 0)]),
            words: dawg(&[(3, LAST | END, 1), (3, LAST | END, 0)]),
            numbers: dawg(&[(0, LAST | END, 1), (0, LAST | END, 0)]),
        }
    }

    fn follow(letters_of_word: &[UnicharId]) -> Step {
        let (dictionary, set) = (dictionary(), letters());
        let (mut positions, mut next) = (dictionary.start(), Vec::new());
        let mut step = Step { kind: Kind::None, ends_word: false };
        for &letter in letters_of_word {
            step = dictionary.follow(&positions, letter, &set, &mut next);
            std::mem::swap(&mut positions, &mut next);
        }
        step
    }

    #[test]
    fn follows_words_numbers_and_the_punctuation_around_them() {
        let step = |kind, ends_word| Step { kind, ends_word };
        assert_eq!(follow(&[A, A]), step(Kind::Word, true));
        assert_eq!(follow(&[SEVEN, SEVEN]), step(Kind::Number, true));
        assert_eq!(follow(&[QUOTE]), step(Kind::Punctuation, false));
        assert_eq!(follow(&[QUOTE, A]), step(Kind::Word, false));
        assert_eq!(follow(&[QUOTE, A, QUOTE]), step(Kind::Word, true));
        for none in [vec![A, A, A], vec![A, SEVEN], vec![A, QUOTE], vec![QUOTE, A, QUOTE, A], vec![SPACE]] {
            assert_eq!(follow(&none), step(Kind::None, false), "{none:?}");
        }
    }
}
