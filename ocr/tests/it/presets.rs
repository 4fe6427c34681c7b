use untxt_ocr::{LanguageData, Languages, Preset, ReadOptions, Reader, TesseractEngine};
use untxt_page::Stage;

use crate::sample::{LETTER_JPG, LETTER_PNG, assert_is_letter, open};

/// Reads a letter as a preset says and gives the stages that changed something.
#[track_caller]
fn stages(letter: &[u8], preset: Preset) -> Vec<Stage> {
    let mut reader = Reader::new(TesseractEngine::new, LanguageData::find(None).unwrap());
    let options = ReadOptions { languages: Languages::These(vec!["eng".into()]), preset };
    let page = reader.read_text(&mut open(letter).inspector(), 0, &options).unwrap();
    assert_is_letter(&page.text);
    assert_eq!(page.preparation.preset, preset);
    page.preparation.stages
}

#[test]
fn a_clean_page_is_left_as_it_is_unless_the_preset_says_otherwise() {
    for preset in [Preset::Auto, Preset::CleanScan, Preset::Book] {
        assert_eq!(stages(LETTER_PNG, preset), [], "{preset:?}");
    }
    assert_eq!(stages(LETTER_PNG, Preset::Form), [Stage::RemoveRules, Stage::SecondReading]);
    assert_eq!(stages(LETTER_JPG, Preset::Photo)[..1], [Stage::Background]);
}

#[test]
fn one_reader_serves_documents_of_several_presets() {
    let mut reader = Reader::new(TesseractEngine::new, LanguageData::find(None).unwrap());
    let languages = Languages::These(vec!["eng".into()]);
    for preset in [Preset::Form, Preset::Auto, Preset::Fax] {
        let options = ReadOptions { languages: languages.clone(), preset };
        let preparation = reader.read_text(&mut open(LETTER_PNG).inspector(), 0, &options).unwrap().preparation;
        assert_eq!(preparation.preset, preset);
        assert_eq!(preparation.stages.contains(&Stage::SecondReading), preset == Preset::Form);
    }
}
