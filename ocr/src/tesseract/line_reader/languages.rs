use super::{GreyLine, LineReader, LineWord};

/// A reading all of whose words are as certain as this needs no other (Tesseract's `stopper_nondict_certainty_base`).
const ACCEPTABLE: f32 = 1.0 - 2.5 * 0.05;
/// What reading nothing is worth beside reading something.
const NOTHING: f32 = 0.5;
/// Words of two readings end at the same place if they end this near to each other, in steps.
const NEAR: usize = 2;

/// Reads lines in the first language; those that it is not sure of also in the others, and keeps of each run of words
/// the more certain reading (after `classify_word_and_language` of Tesseract's control.cpp, which reads and compares
/// in the same way, by more measures). All readers take lines of one height.
pub(in super::super) fn read_lines(readers: &[LineReader], lines: &[GreyLine]) -> Vec<Vec<LineWord>> {
    let Some((first, others)) = readers.split_first() else { return vec![Vec::new(); lines.len()] };
    let mut readings = first.read(&lines.iter().collect::<Vec<_>>());
    for reader in others {
        let is_doubtful = |index: &usize| readings[*index].iter().any(|word| word.confidence < ACCEPTABLE);
        let doubtful: Vec<usize> = (0..lines.len()).filter(is_doubtful).collect();
        let again = reader.read(&doubtful.iter().map(|&index| &lines[index]).collect::<Vec<_>>());
        for (index, reading) in doubtful.into_iter().zip(again) {
            readings[index] = more_certain(&readings[index], &reading);
        }
    }
    readings
}

/// Chooses between two readings of a line, run by run: a run ends where words of both end.
fn more_certain(one: &[LineWord], other: &[LineWord]) -> Vec<LineWord> {
    let mut words = Vec::new();
    let (mut one, mut other) = (one, other);
    while !(one.is_empty() && other.is_empty()) {
        let (count, other_count) = run(one, other);
        let (run, rest) = one.split_at(count);
        let (other_run, other_rest) = other.split_at(other_count);
        words.extend_from_slice(if worst(other_run) > worst(run) { other_run } else { run });
        (one, other) = (rest, other_rest);
    }
    words
}

/// How many words of each reading make the next run.
fn run(one: &[LineWord], other: &[LineWord]) -> (usize, usize) {
    let end = |words: &[LineWord], count: usize| words.get(count - 1).map_or(usize::MAX, |word| word.steps.1);
    let (mut count, mut other_count) = (1, 1);
    loop {
        let (here, there) = (end(one, count), end(other, other_count));
        if here.abs_diff(there) <= NEAR {
            return (count.min(one.len()), other_count.min(other.len()));
        }
        if here < there {
            count += 1;
        } else {
            other_count += 1;
        }
    }
}

fn worst(words: &[LineWord]) -> f32 {
    words.iter().map(|word| word.confidence).reduce(f32::min).unwrap_or(NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(of: &[(&str, f32, usize)]) -> Vec<LineWord> {
        let mut start = 0;
        let word = |&(text, confidence, end): &(&str, f32, usize)| {
            let steps = (std::mem::replace(&mut start, end), end);
            LineWord { text: text.into(), confidence, steps }
        };
        of.iter().map(word).collect()
    }

    fn choose(one: &[(&str, f32, usize)], other: &[(&str, f32, usize)]) -> String {
        let texts = more_certain(&words(one), &words(other));
        texts.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_run_of_words_takes_the_more_certain_reading() {
        let english = [("Die", 0.9, 10), ("Str", 0.4, 16), ("aBe", 0.5, 30), ("now", 0.9, 40)];
        let german = [("Die", 0.8, 11), ("Straße", 0.95, 29), ("nov", 0.5, 40)];
        assert_eq!(choose(&english, &german), "Die Straße now");
        assert_eq!(choose(&german, &english), "Die Straße now");
    }

    #[test]
    fn a_doubtful_word_does_not_beat_nothing() {
        assert_eq!(choose(&[("a", 0.9, 10)], &[("a", 0.8, 10), ("!", 0.3, 20)]), "a");
        assert_eq!(choose(&[], &[("b", 0.8, 10)]), "b");
        assert_eq!(choose(&[], &[]), "");
    }
}
