use untxt_page::LanguageGuess;
use whatlang::{Detector, Lang};

use super::script::{count_letters, group};
use crate::OcrError;

/// What a trial reading of a sample gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrialReading {
    /// The text.
    pub(crate) text: String,
    /// Mean confidence of its words, weighed by their letters, 0.0 to 1.0.
    pub(crate) confidence: f32,
}

/// Fewer letters say nothing about their language.
const MIN_LETTERS: usize = 40;
/// A trial this certain, in its own script, needs no other.
const CERTAIN: f64 = 0.9;
/// Below, it was not read at all: its script is none of those installed.
const READABLE: f64 = 0.5;
/// Below, what the statistics of a text say of its language is a guess.
const SURE: f64 = 0.75;
/// By how much the reading of its own model is more certain at least, 0.0 to 1.0, when a text is of another language:
/// pages of prose gain 0.02 to 0.12, receipts and forms in English lose 0.06 to gain 0.016.
const GAIN: f32 = 0.02;
/// As sure as the toss of a coin.
const UNSURE: f64 = 0.5;

/// Finds the language of a sample among those installed: first the script, by reading the sample with one language of
/// each; then the language, by what the letters of that reading are most like; then the two best are read with, and
/// the more certain reading of its own language wins. `None` when there is too little text, or nothing can read it.
///
/// # Errors
/// Those of the trials.
pub(crate) fn detect(
    installed: &[String],
    mut read: impl FnMut(&str) -> Result<TrialReading, OcrError>,
) -> Result<Option<LanguageGuess>, OcrError> {
    let mut best: Option<(f64, Vec<String>, TrialReading)> = None;
    for (script, codes) in group(installed) {
        let Some(reader) = codes.first() else { continue };
        let reading = read(reader)?;
        let (letters, own_letters) = count_letters(&reading.text, script);
        if own_letters < MIN_LETTERS {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "letters of a sample")]
        let score = f64::from(reading.confidence) * own_letters as f64 / letters as f64;
        if best.as_ref().is_none_or(|(before, ..)| score > *before) {
            best = Some((score, codes, reading));
        }
        if score >= CERTAIN {
            break;
        }
    }
    let Some((score, codes, reading)) = best.filter(|(score, ..)| *score >= READABLE) else { return Ok(None) };
    let (code, sureness) = choose_among(&codes, reading, read)?;
    #[expect(clippy::cast_possible_truncation, reason = "0.0 to 1.0")]
    let confidence = (score * sureness).clamp(0.0, 1.0) as f32;
    Ok(Some(LanguageGuess { code, confidence }))
}

/// Says which language a page that was read with `code` is rather written in, when that is sure.
pub(crate) fn confirm(text: &str, code: &str, installed: &[String]) -> Option<String> {
    let codes = group(installed).into_iter().map(|(_, codes)| codes).find(|codes| codes.iter().any(|c| c == code))?;
    if text.chars().filter(|letter| letter.is_alphabetic()).count() < 5 * MIN_LETTERS {
        return None;
    }
    let (found, confidence) = identify(text, &codes)?;
    (confidence >= SURE && found != code).then_some(found)
}

/// Chooses among languages of the same letters, one of which has read the sample; says how sure that is.
fn choose_among(
    codes: &[String],
    reading: TrialReading,
    mut read: impl FnMut(&str) -> Result<TrialReading, OcrError>,
) -> Result<(String, f64), OcrError> {
    let reader = codes.first().cloned().unwrap_or_default();
    let Some((first, sureness)) = identify(&reading.text, codes) else { return Ok((reader, UNSURE)) };
    if first == reader || sureness >= SURE {
        return Ok((first, sureness.max(UNSURE)));
    }
    // names and amounts are like any language; its own model would read the text better
    let own = read(&first)?;
    if own.confidence < reading.confidence + GAIN {
        return Ok((reader, UNSURE));
    }
    let sureness = identify(&own.text, codes).filter(|(found, _)| *found == first).map_or(UNSURE, |found| found.1);
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
        TrialReading { text: text.to_owned(), confidence }
    }

    #[test]
    fn finds_the_language_of_the_same_letters() {
        let found = detect(&codes(&["deu", "eng", "fra"]), |_| Ok(reading(GERMAN, 0.9))).unwrap().unwrap();
        assert_eq!(found.code, "deu");
        let found = detect(&codes(&["deu", "eng", "fra"]), |_| Ok(reading(ENGLISH, 0.9))).unwrap().unwrap();
        assert_eq!(found.code, "eng");
    }

    #[test]
    fn finds_the_script_by_its_most_certain_reading() {
        let read = |code: &str| match code {
            "rus" => Ok(reading(RUSSIAN, 0.9)),
            _ => Ok(reading("BbICTpaA KOpM4HeBaA jIHca NpbIraeT Yepe3 MeHMBYIO cobaky, noka HMKTO B AOMe", 0.4)),
        };
        assert_eq!(detect(&codes(&["eng", "deu", "rus", "ukr"]), read).unwrap().unwrap().code, "rus");
    }

    #[test]
    fn a_text_of_names_stays_with_the_language_that_reads_it() {
        let receipt = "Golden Scoop Tower A Avenue Invoice No Sub Total Cash Change Rounding Table Visa Card Menu";
        let codes = codes(&["eng", "deu", "fra", "nld"]);
        assert!(identify(receipt, &codes).is_none_or(|(_, sureness)| sureness < SURE), "the statistics can't tell");
        let found = detect(&codes, |code| Ok(reading(receipt, if code == "eng" { 0.80 } else { 0.81 })));
        assert_eq!(found.unwrap().unwrap().code, "eng");
    }

    #[test]
    fn too_little_text_is_no_guess() {
        assert_eq!(detect(&codes(&["eng", "deu"]), |_| Ok(reading("Total 12.30", 0.9))).unwrap(), None);
    }

    #[test]
    fn a_page_in_another_language_is_noticed() {
        let installed = codes(&["eng", "deu", "rus"]);
        assert_eq!(confirm(GERMAN, "deu", &installed), None);
        assert_eq!(confirm(&GERMAN.repeat(3), "eng", &installed), Some("deu".to_owned()));
        assert_eq!(confirm("Rechnung 12", "eng", &installed), None, "too short to say");
    }
}
