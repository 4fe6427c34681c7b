use untxt_ocr::{LanguageData, OcrEngine, OcrError, Pipeline, Raster, ReadOptions, Reader, Recognition, Word};

use crate::sample::{LETTER_PNG, LETTER_SIZE, open};

/// An engine that answers what a test tells it.
struct FaultEngine<F>(F);

impl<F: FnMut(&Raster) -> Result<Recognition, OcrError>> OcrEngine for FaultEngine<F> {
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError> {
        (self.0)(page)
    }

    fn name_version(&self) -> String {
        "fault 1".into()
    }
}

fn word(text: &str, bounds: [u32; 4], confidence: f32) -> Word {
    Word { text: text.into(), confidence, bounds, ..Word::default() }
}

#[test]
fn rubbish_from_an_engine_becomes_a_valid_page() {
    let words = vec![
        word("far out", [9_000, 9_000, 9_001, 9_001], 1.0),
        word("  ", [0, 0, 10, 10], 0.5),
        word("backwards", [50, 50, 40, 60], 0.5),
        word("sure", [0, 0, u32::MAX, u32::MAX], 17.0),
        word("unsure", [0, 0, 10, 10], f32::NAN),
    ];
    let mut pipeline = Pipeline::new(FaultEngine(|_: &Raster| Ok(Recognition { words: words.clone() })));
    let page = pipeline.read_page(&open(LETTER_PNG), 0).unwrap().page;
    let kept: Vec<_> = page.words.iter().map(|w| (w.text.as_str(), w.bounds)).collect();
    let (width, height) = LETTER_SIZE;
    // a word that no reading is certain of is none
    assert_eq!(kept, [("sure", [0, 0, width, height])]);
    assert_eq!(page.text, "sure\n");
    assert!((0.95..=1.0).contains(&page.mean_confidence), "{}", page.mean_confidence);
}

#[test]
fn an_engine_that_panics_fails_one_page() {
    let mut calls = 0;
    let mut pipeline = Pipeline::new(FaultEngine(|_: &Raster| {
        calls += 1;
        assert!(calls > 1, "the first page is too much");
        Ok(Recognition::default())
    }));
    let document = open(LETTER_PNG);
    assert!(matches!(pipeline.read_page(&document, 0), Err(OcrError::Engine(_))));
    assert_eq!(pipeline.read_page(&document, 0).unwrap().page.text, "");
}

#[test]
fn an_engine_that_panics_on_a_trial_leaves_the_page_to_be_read() {
    let data = LanguageData::find(None).unwrap();
    assert!(data.installed().len() > 1, "one language needs no trial");
    let calls = std::cell::Cell::new(0);
    let recognise = |_: &Raster| {
        calls.set(calls.get() + 1);
        assert!(calls.get() > 1, "the trial is too much");
        Ok(Recognition::default())
    };
    let mut reader = Reader::new(|_: &str, _: &LanguageData| Ok(FaultEngine(recognise)), data);
    let document = open(LETTER_PNG);
    let page = reader.read_text(&mut document.inspector(), 0, &ReadOptions::default()).unwrap();
    assert_eq!((page.languages[0].code.as_str(), page.languages[0].confidence), ("eng", 0.0));
}

#[test]
fn an_error_of_the_engine_is_passed_on() {
    let mut pipeline = Pipeline::new(FaultEngine(|_: &Raster| Err(OcrError::Engine("tired".into()))));
    assert_eq!(pipeline.read_text(&open(LETTER_PNG), 0), Err(OcrError::Engine("tired".into())));
}

#[test]
fn an_enormous_page_is_shrunk_for_the_engine_and_boxes_grow_back() {
    // 40,000 x 100 pixels: more than 16-bit coordinates hold
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 40_000, 100);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header().unwrap().write_image_data(&[0x55; 40_000 / 8 * 100]).unwrap();
    let mut seen = (0, 0);
    let mut pipeline = Pipeline::new(FaultEngine(|page: &Raster| {
        seen = (page.width, page.height);
        Ok(Recognition { words: vec![word("wide", [0, 10, page.width, 20], 0.9)] })
    }));
    let page = pipeline.read_text(&open(bytes), 0).unwrap();
    assert_eq!((page.width, page.height), (40_000, 100));
    assert_eq!(page.words[0].bounds, [0, 20, 40_000, 40]);
    assert_eq!(seen, (20_000, 50));
}
