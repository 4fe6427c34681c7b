use unicode_script::Script;
use untxt_page::{LanguageGuess, Word, join_words};
use whatlang::{Detector, Lang};

use super::script::{count_letters, group};
use crate::OcrError;

/// What a trial reading of a sample gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrialReading {
    /// Its words; boxes in pixels of the sample.
    pub(crate) words: Vec<Word>,
}

/// The language of a sample, and what speaks for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// The language and how sure that is.
    pub(crate) guess: LanguageGuess,
    /// Pixels along the lines that were certainly read in its letters: comparable between readings of one page, however
    /// many letters a script needs to say the same.
    pub(crate) evidence: f64,
    /// The same as part of all that was read, 0.0 to 1.0.
    pub(crate) certainty: f64,
}

/// Fewer letters say nothing about their language.
const MIN_LETTERS: usize = 40;
/// A trial this certain, in its own script, needs no other.
const CERTAIN: f64 = 0.9;
/// Below, it was not read at all: its script is none of those installed, or it does not lie upright. Receipts have 0.35
/// and more, what stands on its head 0.2 to 0.4.
const READABLE: f64 = 0.35;
/// Below, what the statistics of a text say of its language is a guess.
const SURE: f64 = 0.75;
/// By how much the reading of its own model is more certain at least, 0.0 to 1.0, when a text is of another language:
/// pages of prose gain 0.02 to 0.12, receipts and forms in English lose 0.06 to gain 0.016.
const GAIN: f64 = 0.02;
/// As sure as the toss of a coin.
const UNSURE: f64 = 0.5;

impl TrialReading {
    fn text(&self) -> String {
        join_words(&self.words)
    }

    /// Gives the evidence for a script and the part of all words with letters that it is. Numbers are read as well in
    /// every script and say nothing.
    fn weigh(&self, script: Script) -> (f64, f64) {
        let (mut evidence, mut all) = (0.0, 0.0);
        for word in &self.words {
            let (letters, own) = count_letters(&word.text, script);
            if letters == 0 {
                continue;
            }
            let width = f64::from(word.bounds[2].saturating_sub(word.bounds[0]));
            evidence += width * f64::from(word.confidence) * own as f64 / letters as f64;
            all += width;
        }
        (evidence, if all > 0.0 { evidence / all } else { 0.0 })
    }
}

/// Finds the language of a sample among those installed: first the script, by reading the sample with one language of
/// each, Latin always among them: the one that certainly reads the most; then the language, by what the letters of that
/// reading are most like; then the two best are read with, and the more certain reading of its own language wins.
/// `None` when there is too little text, or nothing can read it.
///
/// # Errors
/// Those of the trials.
pub(crate) fn detect(
    installed: &[String],
    mut read: impl FnMut(&str) -> Result<TrialReading, OcrError>,
) -> Result<Option<Finding>, OcrError> {
    let mut best: Option<Trial> = None;
    let mut rival = 0.0;
    for (script, codes) in group(installed) {
        let Some(reader) = codes.first() else { continue };
        let reading = read(reader)?;
        if count_letters(&reading.text(), script).1 < MIN_LETTERS {
            continue;
        }
        let (evidence, certainty) = reading.weigh(script);
        let trial = Trial { script, codes, reading, evidence, certainty };
        match &best {
            Some(before) if before.evidence >= evidence => rival = f64::max(rival, evidence),
            _ => rival = best.replace(trial).map_or(rival, |before| before.evidence),
        }
        if certainty >= CERTAIN {
            break;
        }
    }
    let Some(best) = best.filter(|best| best.certainty >= READABLE) else { return Ok(None) };
    let (evidence, certainty) = (best.evidence, best.certainty);
    let (code, sureness) = choose_among(best, read)?;
    // another script that reads half as much is usual, one that reads as much makes it a toss of a coin
    let lead = (1.5 - rival / evidence).clamp(UNSURE, 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "0.0 to 1.0")]
    let confidence = (certainty * lead * sureness).clamp(0.0, 1.0) as f32;
    Ok(Some(Finding { guess: LanguageGuess { code, confidence }, evidence, certainty }))
}

/// A sample read with the language that reads for a script.
struct Trial {
    script: Script,
    codes: Vec<String>,
    reading: TrialReading,
    evidence: f64,
    certainty: f64,
}

/// Says which language a page that was read with `code` is rather written in, and how sure that is; `None` when the text
/// is too short to say, like none, or like that of the model that read it: a list of goods in English, read with the
/// French one, is certainly French. What reads for all languages of a script is believed.
pub(crate) fn identify_page(text: &str, code: &str, installed: &[String]) -> Option<LanguageGuess> {
    let codes = group(installed).into_iter().map(|(_, codes)| codes).find(|codes| codes.iter().any(|c| c == code))?;
    if text.chars().filter(|letter| letter.is_alphabetic()).count() < 5 * MIN_LETTERS {
        return None;
    }
    let (found, sureness) = identify(text, &codes)?;
    if found == code && codes.first() != Some(&found) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "0.0 to 1.0")]
    let confidence = sureness as f32;
    (sureness >= SURE).then_some(LanguageGuess { code: found, confidence })
}

/// Chooses among languages of the same letters, one of which has read the sample; says how sure that is.
fn choose_among(
    trial: Trial,
    mut read: impl FnMut(&str) -> Result<TrialReading, OcrError>,
) -> Result<(String, f64), OcrError> {
    let Trial { script, codes, reading, certainty, .. } = trial;
    let reader = codes.first().cloned().unwrap_or_default();
    let Some((first, sureness)) = identify(&reading.text(), &codes) else { return Ok((reader, UNSURE)) };
    if first == reader || sureness >= SURE {
        return Ok((first, sureness.max(UNSURE)));
    }
    // names and amounts are like any language; its own model would read the text better, but in its own spelling, so
    // that what it reads makes nothing surer
    let own = read(&first)?;
    if own.weigh(script).1 < certainty + GAIN {
        return Ok((reader, UNSURE));
    }
    Ok((first, sureness.max(UNSURE)))
}

/// Says which of the languages a text is most like, and how sure that is, 0.0 to 1.0.
fn identify(text: &str, codes: &[String]) -> Option<(String, f64)> {
    let known: Vec<_> = codes.iter().filter_map(|code| Some((code, lang_of(code)?))).collect();
    if let [(code, _)] = known[..] {
        return (codes.len() == 1).then(|| (code.clone(), 1.0));
    }
    let detector = Detector::with_allowlist(known.iter().map(|(_, lang)| *lang).collect());
    let info = detector.detect(text)?;
    let (code, _) = known.iter().find(|(_, lang)| *lang == info.lang())?;
    Some(((*code).clone(), info.confidence()))
}

/// Gives the language of a Tesseract code: ISO 639-3 but for a few.
fn lang_of(code: &str) -> Option<Lang> {
    let iso = match code {
        "chi_sim" | "chi_tra" => "cmn",
        "fas" => "pes",
        "nor" => "nob",
        "srp_latn" => "srp",
        other => other,
    };
    Lang::from_code(iso)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = "The quick brown fox jumps over the lazy dog while nobody in the house is looking at it, \
        and then they all went home because there was nothing left to see for anyone who had come so far.";
    const GERMAN: &str = "Der schnelle braune Fuchs springt Uber den faulen Hund, wahrend niemand im Hause darauf \
        achtet, und dann gingen alle nach Hause, weil es fur keinen mehr etwas zu sehen gab, der gekommen war.";
    const RUSSIAN: &str = "Быстрая коричневая лиса прыгает через ленивую собаку, пока никто в доме на это не смотрит, \
        и потом все пошли домой, потому что больше не на что было смотреть.";

    fn codes(list: &[&str]) -> Vec<String> {
        list.iter().map(|&code| code.to_owned()).collect()
    }

    fn reading(text: &str, confidence: f32) -> TrialReading {
        let word = |text: &str| Word {
            text: text.to_owned(),
            confidence,
            bounds: [0, 0, u32::try_from(10 * text.chars().count()).unwrap(), 20],
            ..Word::default()
        };
        TrialReading { words: text.split_whitespace().map(word).collect() }
    }

    fn code(found: Result<Option<Finding>, OcrError>) -> String {
        found.unwrap().unwrap().guess.code
    }

    #[test]
    fn finds_the_language_of_the_same_letters() {
        assert_eq!(code(detect(&codes(&["deu", "eng", "fra"]), |_| Ok(reading(GERMAN, 0.9)))), "deu");
        assert_eq!(code(detect(&codes(&["deu", "eng", "fra"]), |_| Ok(reading(ENGLISH, 0.9)))), "eng");
    }

    #[test]
    fn finds_the_script_by_its_most_certain_reading() {
        let read = |code: &str| match code {
            "rus" => Ok(reading(RUSSIAN, 0.9)),
            _ => Ok(reading("BbICTpaA KOpM4HeBaA jIHca NpbIraeT Yepe3 MeHMBYIO cobaky, noka HMKTO B AOMe", 0.4)),
        };
        assert_eq!(code(detect(&codes(&["eng", "deu", "rus", "ukr"]), read)), "rus");
    }

    #[test]
    fn a_receipt_is_not_what_reads_its_amounts_as_well_and_half_of_its_letters() {
        let read = |code: &str| match code {
            "eng" => Ok(reading("UROKO SALAD 28.00 NIKU SHOGAYAKI SET 38.68 GARLIC CHAHAN 6.00 GREEN TEA", 0.55)),
            _ => Ok(reading("ОВОКО ЗАГАР 28.00 МКИ $НОСАУАКТ 38.68 САВ|1С СНАНАМ 6.00 Я ОБЕ ДЫФЫ", 0.58)),
        };
        let found = detect(&codes(&["eng", "rus"]), read).unwrap().unwrap();
        assert_eq!(found.guess.code, "eng");
        assert!(found.guess.confidence < 0.6, "{found:?}");
    }

    #[test]
    fn a_text_of_names_stays_with_the_language_that_reads_it() {
        let receipt = "Golden Scoop Tower A Avenue Invoice No Sub Total Cash Change Rounding Table Visa Card Menu";
        let codes = codes(&["eng", "deu", "fra", "nld"]);
        assert!(identify(receipt, &codes).is_none_or(|(_, sureness)| sureness < SURE), "the statistics can't tell");
        let found = detect(&codes, |code| Ok(reading(receipt, if code == "eng" { 0.80 } else { 0.81 })));
        assert_eq!(code(found), "eng");
    }

    #[test]
    fn what_a_model_reads_is_no_proof_of_its_language() {
        let codes = codes(&["eng", "deu", "fra", "spa", "ita", "por", "nld", "pol"]);
        let goods =
            "Orange juice Batteries AA Olive oil Extension cable Tomatoes loose Cheddar mature Garden hose Total";
        let french = "Les articles sont dans la liste des produits que le magasin vend tous les jours de la semaine";
        let read = |code: &str| Ok(if code == "eng" { reading(goods, 0.60) } else { reading(french, 0.66) });
        let guess = detect(&codes, read).unwrap().unwrap().guess;
        assert!(guess.code == "fra" && guess.confidence < 0.5, "{guess:?}");
        assert_eq!(identify_page(&french.repeat(3), "fra", &codes), None);
    }

    #[test]
    fn too_little_text_is_no_guess() {
        assert_eq!(detect(&codes(&["eng", "deu"]), |_| Ok(reading("Total 12.30", 0.9))).unwrap(), None);
    }

    #[test]
    fn a_page_in_another_language_is_noticed() {
        let installed = codes(&["eng", "deu", "rus"]);
        let found = identify_page(&GERMAN.repeat(3), "eng", &installed).unwrap();
        assert!(found.code == "deu" && found.confidence >= 0.75, "{found:?}");
        assert_eq!(identify_page(&ENGLISH.repeat(3), "eng", &installed).unwrap().code, "eng");
        assert_eq!(identify_page(&ENGLISH.repeat(3), "deu", &installed).unwrap().code, "eng");
        assert_eq!(identify_page("Rechnung 12", "eng", &installed), None, "too short to say");
    }
}
