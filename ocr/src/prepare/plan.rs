use untxt_page::{Preparation, Preset, Stage};

use super::{
    Placement, Survey,
    filters::{despeckle, smooth},
    gray::{Gray, round},
    rules::remove_rules,
    skew::{Skew, Turn, measure_skew, straighten},
};
use crate::{OcrError, Raster};

/// A page as an engine should read it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What the engine reads; `None` when that is the page as it came.
    pub(crate) raster: Option<Raster>,
    /// Where that stands on the page image.
    pub(crate) placement: Placement,
    /// What was done.
    pub(crate) preparation: Preparation,
    /// How the lines lie on the page image.
    pub(crate) skew: Skew,
    /// The straight, even page at its own size; what further readings are made of.
    pub(crate) straight: Option<Gray>,
    /// Whether the paper was divided out or the page changed in brightness.
    pub(crate) letter: Option<f64>,
}

/// Lines that fall less than this are read as well as level ones (1 degree costs 0.7 points of word F, half of it
/// nothing measurable), and the page image needs no corners.
const MIN_SKEW_DEGREES: f64 = 0.4;
/// Below this, the angle may be chance.
const MIN_SKEW_CONFIDENCE: f64 = 0.3;
/// The engine reads letters of this height best, in pixels.
const BEST_LETTER: f64 = 20.0;
/// Letters in this range are left as they are: scaling them gains nothing.
const GOOD_LETTERS: std::ops::Range<f64> = 10.5..56.0;
/// More enlargement shows nothing new.
const MAX_SCALE: f64 = 4.0;

/// Prepares a page for its first reading.
///
/// # Errors
/// [`OcrError::Engine`] when the page has a size that can't be scaled.
pub(crate) fn prepare(raster: &Raster, survey: &Survey, preset: Preset) -> Result<Prepared, OcrError> {
    let mut stages = Vec::new();
    let mut changed: Option<Gray> = None;
    if let Some(even) = &survey.even {
        changed = Some(even.clone());
        stages.push(if survey.is_faint { Stage::Contrast } else { Stage::Background });
    }
    if is_speckled(survey) {
        changed = Some(despeckle(changed.as_ref().unwrap_or(&survey.page)));
        stages.push(Stage::Despeckle);
    }
    let letter = survey.letters.height;
    let skew = measure_skew(survey.letters.typical(), letter.unwrap_or(1.0));
    let mut turn = None;
    if skew.degrees.abs() >= MIN_SKEW_DEGREES && skew.confidence >= MIN_SKEW_CONFIDENCE {
        changed = Some(straighten(changed.as_ref().unwrap_or(&survey.page), skew.degrees, letter));
        turn = Some(Turn::new(survey.page.width, survey.page.height, skew.degrees));
        stages.push(Stage::Deskew);
    }
    let straight = changed.clone();
    let scale = choose_scale(letter);
    if (scale - 1.0).abs() > f64::EPSILON {
        changed = Some(scale_page(changed.as_ref().unwrap_or(&survey.page), scale)?);
        stages.push(Stage::Scale);
    }
    let preparation = Preparation {
        preset,
        rotation_confidence: 0.0,
        skew_confidence: to_f32(skew.confidence),
        scale: to_f32(scale),
        stages,
    };
    let placement = Placement { scale, turn, width: raster.width, height: raster.height };
    let raster = changed.map(|gray| gray.into_raster(raster, scale));
    Ok(Prepared { raster, placement, preparation, skew, straight, letter })
}

/// How a page is prepared for a further reading: different from the first, so that mistakes differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    /// Height of a letter in pixels.
    pub(crate) letter: f64,
    /// Standard deviation of the blur afterwards, in pixels; it joins the dots of a printer. 0.0 for none.
    pub(crate) smooth: f64,
}

/// Prepares a page for a further reading, without ruling lines; gives the scale.
///
/// # Errors
/// [`OcrError::Engine`] when the page has a size that can't be scaled.
pub(crate) fn prepare_again(raster: &Raster, clean: &Gray, letter: f64, how: Again) -> Result<(Raster, f64), OcrError> {
    let scale = (how.letter / letter).clamp(0.3, MAX_SCALE);
    let mut page = scale_page(clean, scale)?;
    if how.smooth > 0.0 {
        page = smooth(&page, how.smooth);
    }
    Ok((page.into_raster(raster, scale), scale))
}

/// Removes ruling lines from the straight page.
pub(crate) fn clean_page(prepared: &Prepared, survey: &Survey, letter: f64) -> Gray {
    remove_rules(prepared.straight.as_ref().unwrap_or(&survey.page), survey.threshold, letter).0
}

fn choose_scale(letter: Option<f64>) -> f64 {
    match letter {
        Some(height) if !GOOD_LETTERS.contains(&height) => (BEST_LETTER / height).clamp(0.3, MAX_SCALE),
        _ => 1.0,
    }
}

fn scale_page(page: &Gray, scale: f64) -> Result<Gray, OcrError> {
    let size = |side: usize| round(side as f64 * scale).max(1);
    page.resize(size(page.width), size(page.height))
}

/// Says whether single dark pixels are all over the page: more of them than letters, and one in 2,000 pixels.
fn is_speckled(survey: &Survey) -> bool {
    let specks = survey.components.iter().filter(|component| component.ink <= 2).count();
    specks > 2 * survey.letters.shapes.len() && specks * 2_000 > survey.page.pixels.len()
}

fn to_f32(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a small number of few digits")]
    let short = value as f32;
    short
}
