use super::{
    dictionary::Kind,
    lattice::PathStep,
    unicharset::{SPACE, UnicharId, Unicharset},
};

/// A word of a line.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct LineWord {
    /// The text, never empty.
    pub(in super::super) text: String,
    /// 0.0 to 1.0, on the scale of Tesseract's own confidence.
    pub(in super::super) confidence: f32,
    /// The steps between which its ink stands: from the middle of the space before it to that of the space after it.
    pub(in super::super) steps: (usize, usize),
}

/// A character of the reading.
#[derive(Debug)]
struct Character {
    id: UnicharId,
    certainty: f32,
    /// the step where it begins, and the step after its last
    steps: (usize, usize),
    starts_word: bool,
}

/// A word is as certain as its worst character; what Tesseract makes of the logarithm of its probability.
const SCALE: f32 = 7.0 * 5.0 / 100.0;

/// Splits a reading into words (`ExtractBestPathAsWords` of Tesseract's recodebeam.cpp).
pub(super) fn split_words(path: &[PathStep], unicharset: &Unicharset) -> Vec<LineWord> {
    let characters = characters(path);
    let mut words = Vec::new();
    let mut space_before = 0.0_f32;
    let (mut start, mut first_step) = (0, 0);
    while start < characters.len() {
        let ends = |character: &Character| character.id == SPACE || character.starts_word;
        let length = characters[start + 1..].iter().position(ends).map(|length| length + 1);
        let end = length.map_or(characters.len(), |length| start + length);
        let space_after = characters.get(end).filter(|next| next.id == SPACE).map(|space| space.certainty);
        let word = &characters[start..end];
        let certainty = word.iter().map(|character| character.certainty).fold(0.0, f32::min);
        let certainty = certainty.min(space_after.unwrap_or(0.0)).min(space_before);
        let text: String = word.iter().map(|character| unicharset.text(character.id)).collect();
        let next = end + usize::from(space_after.is_some());
        let last_step =
            usize::midpoint(boundary(&characters, end, path.len()), boundary(&characters, next, path.len()));
        if !text.trim().is_empty() {
            let confidence = (1.0 + certainty * SCALE).clamp(0.0, 1.0);
            words.push(LineWord { text: text.trim().to_owned(), confidence, steps: (first_step, last_step) });
        }
        space_before = space_after.unwrap_or(0.0);
        (start, first_step) = (next, last_step);
    }
    words
}

/// The step halfway between a character and the one before it.
fn boundary(characters: &[Character], index: usize, width: usize) -> usize {
    match (index.checked_sub(1).and_then(|before| characters.get(before)), characters.get(index)) {
        (None, _) => 0,
        (_, None) => width,
        (Some(before), Some(next)) => usize::midpoint(before.steps.1, next.steps.0),
    }
}

/// Gathers the steps of each character (`ExtractPathAsUnicharIds`): it is as certain as its worst step, silent steps
/// before it included; those before a space count for the character before.
fn characters(path: &[PathStep]) -> Vec<Character> {
    let mut characters: Vec<Character> = Vec::new();
    let mut step = 0;
    while step < path.len() {
        let mut certainty = 0.0_f32;
        while step < path.len() && path[step].unichar.is_none() {
            certainty = certainty.min(path[step].certainty);
            step += 1;
        }
        let first = path.get(step);
        let is_space = first.is_some_and(|first| first.unichar == Some(SPACE));
        let is_known = first.is_some_and(|first| first.kind != Kind::None);
        if let Some(last) = characters.last_mut()
            && (first.is_none() || (is_space && is_known))
        {
            last.certainty = last.certainty.min(certainty);
            certainty = 0.0;
        }
        let Some((first, id)) = first.and_then(|first| Some((*first, first.unichar?))) else { break };
        let start = step;
        loop {
            // a space before a word of the dictionary forgets the silence before it
            let forgets = is_space && path[step].kind == Kind::None;
            certainty = if forgets { path[step].certainty } else { certainty.min(path[step].certainty) };
            step += 1;
            if path.get(step).is_none_or(|step| !step.is_duplicate) {
                break;
            }
        }
        characters.push(Character { id, certainty, steps: (start, step), starts_word: first.starts_word });
    }
    characters
}
