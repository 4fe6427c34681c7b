use untxt_page::Word;

/// A word of one of several readings of the same page.
#[derive(Clone, Debug)]
struct Candidate<'a> {
    word: &'a Word,
    /// 0.0 to 1.0: its own confidence, and that of the readings that saw the same.
    support: f32,
    /// Another reading sees much the same word at this place.
    is_seen_twice: bool,
}

/// What another reading that says the same is worth, beside one's own confidence.
const AGREEMENT: f32 = 0.5;
/// Candidates with less support are gibberish more often than words, on forms and receipts. A higher bar has a better
/// precision and the same word F, but what it leaves out is missed by nobody until it is looked for.
const MIN_SUPPORT: f32 = 0.35;
/// The same for what specks are read as: a letter or two.
const MIN_SUPPORT_SHORT: f32 = 0.4;
/// A longer word of which one reading is as certain needs no other.
const SURE_ALONE: f32 = 0.9;
/// Two readings of one word share this part of their letters. Such a word is kept, and doubted, however weak: "mmol/l"
/// was read in three ways by three readings, and vanished. On 40 pages the CER goes from 5.0 to 4.1, word F from 95.0 to
/// 94.6 for what is gibberish all the same.
const ALIKE: f64 = 0.6;
/// Two words are the same place when they share this part of what they cover together.
const SAME_PLACE: f64 = 0.4;
/// Two words exclude each other when they share this part of the smaller one.
const EXCLUDES: f64 = 0.35;

/// Chooses the words that several readings of one page support best: the strongest first, none over another.
///
/// Different sizes and segmentations make different mistakes: three readings have word F 81 on forms and receipts
/// where the best of them alone has 76. Boxes of all readings are in pixels of the same page. The words come in the
/// order of their support.
pub(crate) fn vote(readings: &[Vec<Word>]) -> Vec<Word> {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let most = 1.0 + AGREEMENT * (readings.len().saturating_sub(1)) as f32;
    for (index, reading) in readings.iter().enumerate() {
        for word in reading {
            let others = || readings.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
            let agreement: f32 = others().map(|other| find_agreement(word, other)).sum();
            let support = (word.confidence + AGREEMENT * agreement) / most;
            let is_seen_twice = others().flatten().any(|other| is_same_place(word, other) && is_alike(word, other));
            candidates.push(Candidate { word, support, is_seen_twice });
        }
    }
    candidates.retain(is_believable);
    candidates.sort_by(|a, b| b.support.total_cmp(&a.support));
    let mut chosen: Vec<Word> = Vec::new();
    for Candidate { word, support, .. } in candidates {
        if chosen.iter().all(|other| shared_part(word, other) <= EXCLUDES) {
            chosen.push(Word { confidence: support, ..word.clone() });
        }
    }
    chosen
}

fn is_believable(candidate: &Candidate<'_>) -> bool {
    let letters = candidate.word.text.chars().filter(|c| c.is_alphanumeric()).count();
    if letters <= 2 {
        return candidate.support >= MIN_SUPPORT_SHORT;
    }
    candidate.is_seen_twice || candidate.support >= MIN_SUPPORT || candidate.word.confidence >= SURE_ALONE
}

/// Gives the confidence of a reading that has the same word at the same place; 0.0 when it has none.
fn find_agreement(word: &Word, reading: &[Word]) -> f32 {
    let same = reading.iter().filter(|other| is_same_place(word, other) && fold(&word.text) == fold(&other.text));
    same.map(|other| other.confidence).fold(0.0, f32::max)
}

/// Says whether two readings mean one word, however they spell it: gibberish is another at each size.
fn is_alike(a: &Word, b: &Word) -> bool {
    strsim::normalized_levenshtein(&fold(&a.text), &fold(&b.text)) >= ALIKE
}

/// What of a word two readings must agree on: not its case, nor the dirt around it.
fn fold(text: &str) -> String {
    text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

fn is_same_place(a: &Word, b: &Word) -> bool {
    let shared = shared_area(a, b);
    shared > SAME_PLACE * (area(a) + area(b) - shared)
}

/// Gives the part of the smaller word that lies in the other, 0.0 to 1.0.
pub(super) fn shared_part(a: &Word, b: &Word) -> f64 {
    shared_area(a, b) / area(a).min(area(b)).max(1.0)
}

fn shared_area(a: &Word, b: &Word) -> f64 {
    let side = |low: usize, high: usize| {
        f64::from(a.bounds[high].min(b.bounds[high]).saturating_sub(a.bounds[low].max(b.bounds[low])))
    };
    side(0, 2) * side(1, 3)
}

fn area(word: &Word) -> f64 {
    let [left, top, right, bottom] = word.bounds;
    f64::from(right.saturating_sub(left)) * f64::from(bottom.saturating_sub(top))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, confidence: f32, left: u32) -> Word {
        Word { text: text.into(), confidence, bounds: [left, 10, left + 50, 30], ..Word::default() }
    }

    #[test]
    fn a_word_that_everybody_spells_otherwise_is_kept_and_doubted() {
        let chosen =
            vote(&[vec![word("mmol/l", 0.3, 0)], vec![word("mmol/1", 0.35, 1)], vec![word("mmoll/|", 0.2, 0)]]);
        assert_eq!(chosen.iter().map(|w| w.text.as_str()).collect::<Vec<_>>(), ["mmol/1"]);
        assert!(chosen[0].confidence < MIN_SUPPORT);
        assert!(vote(&[vec![word("mmol/l", 0.3, 0)], vec![word("xqwzz", 0.3, 0)], vec![]]).is_empty());
    }

    #[test]
    fn two_weak_readings_that_agree_beat_a_stronger_one() {
        let chosen = vote(&[vec![word("total", 0.7, 0)], vec![word("Total:", 0.6, 2)], vec![word("tolal", 0.9, 1)]]);
        assert_eq!(chosen.iter().map(|w| w.text.as_str()).collect::<Vec<_>>(), ["total"]);
    }

    #[test]
    fn a_word_seen_once_with_little_confidence_goes() {
        let sure = |left| word("sum", 0.9, left);
        let chosen = vote(&[vec![sure(0), word("~=|", 0.5, 100)], vec![sure(0)], vec![sure(1)]]);
        assert_eq!(chosen.len(), 1);
        assert!((chosen[0].confidence - 0.9).abs() < 1e-6);
    }
}
