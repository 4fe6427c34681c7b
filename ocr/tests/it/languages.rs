use std::{fs, path::Path, process::Command};

use untxt_ocr::{LanguageData, OcrError, ReadOptions, Reader, TesseractEngine};

use crate::sample::{LETTER_PNG, open};

fn reader() -> Reader<TesseractEngine, impl FnMut(&str, &LanguageData) -> Result<TesseractEngine, OcrError>> {
    Reader::new(TesseractEngine::new, LanguageData::find(None).unwrap())
}

/// Eleven languages in four scripts, drawn by `tests/languages/make.py`; every second page, so that it takes seconds.
#[test]
fn nineteen_of_twenty_pages_are_read_in_their_own_language() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/languages/make.py");
    let drawn = Command::new("/usr/bin/python3").arg(script).arg(folder.path()).status().unwrap();
    assert!(drawn.success());
    let mut pages: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let pages: Vec<_> = pages.into_iter().step_by(2).collect();
    assert_eq!(pages.len(), 44);
    let mut reader = reader();
    let wrong: Vec<_> = pages
        .iter()
        .filter_map(|path| {
            let page =
                reader.read_text(&mut open(fs::read(path).unwrap()).inspector(), 0, &ReadOptions::default()).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            (!name.starts_with(&page.languages[0].code)).then(|| format!("{name} as {:?}", page.languages[0]))
        })
        .collect();
    assert!(wrong.len() * 20 <= pages.len(), "{wrong:?}");
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
