use std::{fs, path::Path, process::Command};

use untxt_ocr::{
    LanguageData, OcrEngine, OcrError, Raster, ReadOptions, Reader, Recognition, TesseractEngine, WarningCode, Word,
};

use crate::sample::{LETTER_PNG, open};

fn reader() -> Reader<TesseractEngine, impl FnMut(&str, &LanguageData) -> Result<TesseractEngine, OcrError>> {
    Reader::new(TesseractEngine::new, LanguageData::find(None).unwrap())
}

/// Draws every `step`th of 88 pages in eleven languages and four scripts, turned by `degrees`, reads them, and gives how
/// many there were and which were read in another language than their own.
fn read_in_a_wrong_language(step: usize, degrees: &str) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/languages/make.py");
    let drawn = Command::new("/usr/bin/python3").arg(script).arg(folder.path()).arg(degrees).status().unwrap();
    assert!(drawn.success());
    let mut pages: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let pages: Vec<_> = pages.into_iter().step_by(step).collect();
    let mut reader = reader();
    let wrong = pages.iter().filter_map(|path| {
        let document = open(fs::read(path).unwrap());
        let page = reader.read_text(&mut document.inspector(), 0, &ReadOptions::default()).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_warned = page.warnings.iter().any(|warning| warning.code == WarningCode::UncertainLanguage);
        let is_right = name.starts_with(&page.languages[0].code) && !is_warned;
        (!is_right).then(|| format!("{name} as {:?}", page.languages[0]))
    });
    (pages.len(), wrong.collect())
}

#[test]
fn nineteen_of_twenty_pages_are_read_in_their_own_language() {
    let (count, wrong) = read_in_a_wrong_language(2, "0");
    assert_eq!(count, 44);
    assert!(wrong.len() * 20 <= count, "{wrong:?}");
}

#[test]
fn turned_pages_are_read_in_their_own_language_too() {
    for degrees in ["180", "90"] {
        // eight pages a language: one of each, no two the same kind
        let (count, wrong) = read_in_a_wrong_language(9, degrees);
        assert_eq!(count, 10);
        assert!(wrong.is_empty(), "{degrees}: {wrong:?}");
    }
}

/// Reads every page as a list of names and places, which is like no language, whatever it is asked for.
struct ReadsNames;

impl OcrEngine for ReadsNames {
    fn recognise(&mut self, _: &Raster) -> Result<Recognition, OcrError> {
        let names = "Golden Scoop Tower Avenue Invoice Sub Total Cash Change Rounding Table Visa Card Menu";
        let word = |(at, text): (u32, &str)| Word {
            text: text.into(),
            confidence: 0.8,
            bounds: [10, 20 * at, 80, 20 * at + 15],
            line: at,
            ..Word::default()
        };
        Ok(Recognition { words: (0..).zip(names.split(' ')).map(word).collect() })
    }

    fn name_version(&self) -> String {
        "names 1".into()
    }
}

#[test]
fn a_language_that_is_little_more_than_a_guess_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for code in ["deu", "eng", "fra", "nld"] {
        fs::write(folder.path().join(format!("{code}.traineddata")), b"").unwrap();
    }
    let mut reader =
        Reader::new(|_: &str, _: &LanguageData| Ok(ReadsNames), LanguageData::find(Some(folder.path())).unwrap());
    let mut warnings = |languages: &str| {
        let options = ReadOptions { languages: languages.parse().unwrap(), ..ReadOptions::default() };
        let page = reader.read_text(&mut open(LETTER_PNG).inspector(), 0, &options).unwrap();
        (page.languages[0].code.clone(), page.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>())
    };
    let (code, said) = warnings("auto");
    assert!(code == "eng" && said.contains(&WarningCode::UncertainLanguage), "{code} {said:?}");
    assert!(!warnings("deu").1.contains(&WarningCode::UncertainLanguage), "it was asked for");
}

#[test]
fn the_languages_that_were_asked_for_are_used_and_told() {
    let options = |languages: &str| ReadOptions { languages: languages.parse().unwrap(), ..ReadOptions::default() };
    let document = open(LETTER_PNG);
    let page = reader().read_text(&mut document.inspector(), 0, &options("deu+eng")).unwrap();
    let told: Vec<_> = page.languages.iter().map(|guess| (guess.code.as_str(), guess.confidence)).collect();
    assert_eq!(told, [("deu", 1.0), ("eng", 1.0)]);
    let missing = reader().read_text(&mut document.inspector(), 0, &options("eng+xxx_yy")).unwrap_err();
    assert_eq!(missing, OcrError::LanguageMissing { language: "xxx_yy".into() });
    assert!(missing.to_string().contains("tesseract-ocr-xxx-yy"), "{missing}");
}

#[test]
fn without_any_language_the_error_names_one() {
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::new(TesseractEngine::new, LanguageData::find(Some(folder.path())).unwrap());
    let missing = OcrError::LanguageMissing { language: "eng".into() };
    assert_eq!(reader.check(&ReadOptions::default()), Err(missing));
}
