use untxt_page::Preset;

use super::{
    detect::{Finding, TrialReading, detect},
    sample::sample,
};
use crate::{
    OcrError, Raster,
    prepare::{View, measure_direction},
    rotation::{turn_clockwise, turns_besides_upright},
};

/// Enough for eight to ten lines of usual print.
const SAMPLE_INCHES: f64 = 1.5;
/// Where that much holds too little text: most of a page.
const LARGE_SAMPLE_INCHES: f64 = 5.0;
/// A sample that is read with this certainty lies upright; on its head, one of prose has 0.2 to 0.4.
const UPRIGHT: f64 = 0.6;

/// Finds the language of a page by trial readings of a part of it: as it lies, turned when it can hardly be read so, and
/// of a larger part when there is too little text. `None` when nothing can be read in any language that is installed.
///
/// # Errors
/// Those of the trials.
pub(crate) fn search(
    page: &Raster,
    preset: Preset,
    installed: &[String],
    mut read: impl FnMut(&Raster, &str) -> Result<TrialReading, OcrError>,
) -> Result<Option<Finding>, OcrError> {
    let mut attempt = |page: &Raster, inches: f64| {
        let part = sample(page, inches);
        detect(installed, |code| read(&part, code))
    };
    let mut best = attempt(page, SAMPLE_INCHES)?;
    if best.as_ref().is_some_and(|best| best.certainty >= UPRIGHT) {
        return Ok(best);
    }
    let direction = measure_direction(&View::new(page, preset)?.survey.letters);
    for &degrees in turns_besides_upright(direction) {
        let Some(turned) = turn_clockwise(page, degrees) else { continue };
        let found = attempt(&turned, SAMPLE_INCHES)?;
        best = best.into_iter().chain(found).max_by(|a, b| a.evidence.total_cmp(&b.evidence));
    }
    match best {
        None => attempt(page, LARGE_SAMPLE_INCHES),
        found => Ok(found),
    }
}
