use std::borrow::Cow;

use untxt_page::{PageContent, Preset, Stage, Word, join_words, mean_confidence};

use crate::{
    OcrEngine, OcrError, Raster,
    prepare::{Recipe, View, is_noise, measure_direction, measure_quality},
    rotation::{
        Rotation, Turning, find_rotation, trust_reading, turn_clockwise, turns_after_reading, turns_before_reading,
    },
    second_reading::{is_doubtful, read_again},
};

/// Reads one page: finds out how it must be turned, prepares it, reads it, and reads it again where that leaves
/// doubts. Boxes are in pixels of the turned page, inside it.
///
/// # Errors
/// [`OcrError::Engine`] when the engine gives up.
pub(crate) fn read_upright(
    engine: &mut impl OcrEngine,
    raster: &Raster,
    preset: Preset,
    turning: Turning,
) -> Result<PageContent, OcrError> {
    let view = View::new(raster, preset)?;
    if is_noise(&view.survey.page) {
        return Ok(describe(engine, raster, &view, Vec::new()));
    }
    if turning == Turning::Forbidden {
        let words = read_first(engine, raster, &view)?;
        return finish(engine, raster, &view, words, Rotation { degrees: 0, confidence: 1.0 });
    }
    let direction = measure_direction(&view.survey.letters);
    let turns = turns_before_reading(direction);
    if !turns.is_empty() {
        let rotation = find_rotation(engine, raster, preset, turns)?;
        return read_turned(engine, raster, preset, rotation);
    }
    let words = read_first(engine, raster, &view)?;
    let turns = turns_after_reading(direction, &words);
    if turns.is_empty() {
        let rotation = Rotation { degrees: 0, confidence: trust_reading(&words) };
        return finish(engine, raster, &view, words, rotation);
    }
    let rotation = find_rotation(engine, raster, preset, turns)?;
    if rotation.degrees == 0 {
        return finish(engine, raster, &view, words, rotation);
    }
    let turned = turn_page(raster, preset, rotation)?;
    let turned_words = read_first(engine, &turned.page, &turned.view)?;
    // a few lines may deceive, the whole page does not
    if trust_reading(&turned_words) <= trust_reading(&words) {
        let rotation = Rotation { degrees: 0, confidence: 1.0 - rotation.confidence };
        return finish(engine, raster, &view, words, rotation);
    }
    finish(engine, &turned.page, &turned.view, turned_words, rotation)
}

/// Reads a part of a page once, as it lies.
///
/// # Errors
/// [`OcrError::Engine`] when the engine gives up.
pub(crate) fn read_once(engine: &mut impl OcrEngine, raster: &Raster, preset: Preset) -> Result<PageContent, OcrError> {
    let view = View::new(raster, preset)?;
    let words = if is_noise(&view.survey.page) { Vec::new() } else { read_first(engine, raster, &view)? };
    Ok(describe(engine, raster, &view, words))
}

fn read_turned(
    engine: &mut impl OcrEngine,
    raster: &Raster,
    preset: Preset,
    rotation: Rotation,
) -> Result<PageContent, OcrError> {
    let turned = turn_page(raster, preset, rotation)?;
    let words = read_first(engine, &turned.page, &turned.view)?;
    finish(engine, &turned.page, &turned.view, words, rotation)
}

/// A page turned upright, looked at and prepared.
#[derive(Debug)]
struct Turned<'a> {
    page: Cow<'a, Raster>,
    view: View,
}

fn turn_page(raster: &Raster, preset: Preset, rotation: Rotation) -> Result<Turned<'_>, OcrError> {
    let page = turn_clockwise(raster, rotation.degrees).map_or(Cow::Borrowed(raster), Cow::Owned);
    let view = View::new(&page, preset)?;
    Ok(Turned { page, view })
}

/// Reads the prepared page; boxes are in pixels of the straight page.
fn read_first(engine: &mut impl OcrEngine, page: &Raster, view: &View) -> Result<Vec<Word>, OcrError> {
    let mut words = engine.recognise(view.prepared.raster.as_ref().unwrap_or(page))?.words;
    view.prepared.placement.unscale(&mut words);
    Ok(words)
}

/// Reads again where the first reading leaves doubts, and moves the words onto the page image.
fn finish(
    engine: &mut impl OcrEngine,
    page: &Raster,
    view: &View,
    mut words: Vec<Word>,
    rotation: Rotation,
) -> Result<PageContent, OcrError> {
    let prepared = &view.prepared;
    let mut preparation = prepared.preparation.clone();
    preparation.rotation_confidence = to_f32(rotation.confidence);
    if rotation.degrees != 0 {
        preparation.stages.insert(0, Stage::Rotate);
    }
    let second_reading = Recipe::of(preparation.preset).second_reading;
    if second_reading.applies(|| is_doubtful(&words, &view.survey, prepared)) {
        words = read_again(engine, page, prepared, &view.survey, words)?;
        preparation.stages.extend([Stage::RemoveRules, Stage::SecondReading]);
    }
    let content = describe(engine, page, view, words);
    Ok(PageContent { rotation_applied: rotation.degrees, preparation, ..content })
}

/// Moves words from the straight page onto the page image and says how they were read.
fn describe(engine: &impl OcrEngine, page: &Raster, view: &View, mut words: Vec<Word>) -> PageContent {
    view.prepared.placement.place(&mut words);
    PageContent {
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        skew_deg: to_f32(view.prepared.skew.degrees),
        preparation: view.prepared.preparation.clone(),
        quality: measure_quality(&view.survey, &view.prepared.skew),
        mean_confidence: mean_confidence(&words),
        text: join_words(&words),
        words,
        engine: engine.name_version(),
        ..PageContent::default()
    }
}

fn to_f32(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a confidence or an angle: few digits matter")]
    let short = value as f32;
    short
}
