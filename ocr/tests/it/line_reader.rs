//! The own line reader against Tesseract's, with the same network on the same pages.

use untxt_ocr::{LanguageData, OcrEngine, TesseractEngine, Word};

use crate::sample::{LETTER_JPG, LETTER_PNG, assert_is_letter, open};

fn engine() -> TesseractEngine {
    TesseractEngine::new("eng", &LanguageData::find(None).unwrap()).unwrap()
}

fn read(mut engine: TesseractEngine, page: &[u8]) -> Vec<Word> {
    let page = open(page).raster(0).unwrap();
    engine.recognise(&page).unwrap().words
}

fn text(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn reads_what_tesseract_reads() {
    let (mut same, mut all) = (0, 0);
    for page in [LETTER_JPG, LETTER_PNG] {
        let (ours, theirs) = (read(engine(), page), read(engine().without_line_reader(), page));
        assert_is_letter(&text(&ours));
        assert_eq!(ours.len(), theirs.len());
        all += ours.len();
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let apart = ours.bounds.iter().zip(theirs.bounds).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            // a letter is some 12 pixels wide
            let is_same = ours.text == theirs.text && apart <= 6 && (ours.confidence - theirs.confidence).abs() < 0.05;
            same += usize::from(is_same && (ours.line, ours.block) == (theirs.line, theirs.block));
        }
    }
    assert!(all > 100 && same * 100 >= all * 97, "{same} of {all} words are the same");
}

#[test]
fn reads_white_on_black() {
    let page = open(LETTER_PNG).raster(0).unwrap();
    let inverted = match &page.pixels {
        untxt_ocr::Pixels::Gray8(bytes) => untxt_ocr::Pixels::Gray8(bytes.iter().map(|byte| 255 - byte).collect()),
        untxt_ocr::Pixels::Bilevel(bytes) => untxt_ocr::Pixels::Bilevel(bytes.iter().map(|byte| !byte).collect()),
        untxt_ocr::Pixels::Rgb8(bytes) => untxt_ocr::Pixels::Rgb8(bytes.iter().map(|byte| 255 - byte).collect()),
    };
    let inverted = untxt_ocr::Raster { pixels: inverted, ..page };
    assert_is_letter(&text(&engine().recognise(&inverted).unwrap().words));
}

#[test]
fn reads_several_languages() {
    let engine = TesseractEngine::new("eng+deu", &LanguageData::find(None).unwrap()).unwrap();
    assert_is_letter(&text(&read(engine, LETTER_PNG)));
}
