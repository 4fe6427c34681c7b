use super::{Component, Survey, ramp};
use crate::prepare::gray::percentile;

/// Letters that are looked at: the middle of so many is as good as that of all.
const SAMPLE: usize = 300;

/// Says how blurry print is: how wide the edge of a stroke is, as a part of the stroke.
///
/// The width of an edge is its contrast divided by its steepest slope (Marziliano et al. 2002, "A no-reference
/// perceptual blur metric"); it does not depend on how dark the print is. A stroke is a sixth of the height of a letter
/// wide, and a picture can't show an edge narrower than a pixel and a half: this much is no blur.
///
/// `letter` is the height of a letter in pixels.
pub(super) fn measure_blur(survey: &Survey, letter: f64) -> f64 {
    const STROKES_IN_LETTER: f64 = 6.0;
    const SHARP: f64 = 0.35;
    const BLURRED: f64 = 1.2;
    if survey.paper.is_none() {
        return 0.0;
    }
    let excess = (edge_width(survey) - NARROWEST).max(0.0);
    ramp(excess / (letter / STROKES_IN_LETTER).max(1.0), SHARP, BLURRED)
}

/// The narrowest edge that pixels can show.
const NARROWEST: f64 = 1.5;

/// Measures the middle width of the edges of letters in pixels.
pub(crate) fn edge_width(survey: &Survey) -> f64 {
    let shapes = &survey.letters.shapes;
    let step = shapes.len().div_ceil(SAMPLE).max(1);
    let mut widths: Vec<f64> = shapes.iter().step_by(step).filter_map(|shape| edge_of(survey, shape)).collect();
    widths.sort_by(f64::total_cmp);
    widths.get(widths.len() / 2).copied().unwrap_or(0.0)
}

/// Gives the width of the sharpest edges of a letter in pixels; `None` when it has no contrast.
fn edge_of(survey: &Survey, shape: &Component) -> Option<f64> {
    const LEAST_CONTRAST: u8 = 16;
    let page = &survey.page;
    let margin = shape.area.height() / 4 + 1;
    let (left, right) = (shape.area.left.saturating_sub(margin), (shape.area.right + margin).min(page.width));
    let (mut values, mut slopes) = ([0; 256], [0; 256]);
    for y in shape.area.top..shape.area.bottom {
        let row = &page.row(y)[left..right];
        row.iter().for_each(|&value| values[usize::from(value)] += 1);
        row.windows(2).for_each(|pair| slopes[usize::from(pair[0].abs_diff(pair[1]))] += 1);
    }
    // not the extremes: a speckle has the steepest slope
    let contrast = percentile(&values, 0.95).saturating_sub(percentile(&values, 0.05));
    let slope = percentile(&slopes, 0.96).max(1);
    (contrast >= LEAST_CONTRAST).then(|| f64::from(contrast) / f64::from(slope))
}
