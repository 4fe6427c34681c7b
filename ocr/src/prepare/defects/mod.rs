//! Names what is wrong with a scan, so that a person can make a better one.
//!
//! Promises: pure; a clean page has no defects; a few milliseconds a page, since only letters and the small map of the
//! paper are looked at. Refuses to know: what was read.

mod edges;
mod light;
mod sharpness;
#[cfg(test)]
mod tests;

pub(crate) use sharpness::edge_width;
use untxt_page::{Defect, DefectKind, Quality};

use super::{Survey, components::Component, skew::Skew};

/// A claim with less is not worth a person's attention.
const LEAST_SCORE: f64 = 0.1;
/// Fewer shapes than these have no measurable edges.
const MIN_SHAPES: usize = 12;

/// Measures what is wrong with a page. A page without print has no defects.
pub(crate) fn measure_quality(survey: &Survey, skew: &Skew) -> Quality {
    let tiny = measure_small_text(survey);
    if survey.letters.shapes.len() < MIN_SHAPES && tiny == 0.0 {
        return Quality::default();
    }
    let letter = survey.letters.height.unwrap_or(1.0);
    let mut found: Vec<(DefectKind, f64, f64)> = [
        // how much of the reading each spoils at its worst: what the preparation mends spoils less
        (DefectKind::Blurry, sharpness::measure_blur(survey, letter), 0.9),
        (DefectKind::Noisy, measure_noise(survey), 0.6),
        (DefectKind::Dark, light::measure_darkness(survey), 0.5),
        (DefectKind::Faint, light::measure_faintness(survey), 0.7),
        (DefectKind::TextTooSmall, tiny, 0.9),
        (DefectKind::CutOff, edges::measure_cut_off(survey, letter), 0.6),
        (DefectKind::Glare, light::measure_glare(survey, letter), 0.7),
        (DefectKind::Skewed, measure_slant(skew), 0.3),
    ]
    .into_iter()
    .filter(|(_, score, _)| *score >= LEAST_SCORE)
    .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let score = found.iter().map(|(_, score, harm)| 1.0 - score * harm).product();
    let defects = found.into_iter().map(|(kind, score, _)| Defect { kind, score: to_f32(score) }).collect();
    Quality { score: to_f32(score), defects }
}

/// Says how far `value` is on the way from `good` (0.0) to `bad` (1.0); either may be the larger one.
fn ramp(value: f64, good: f64, bad: f64) -> f64 {
    ((value - good) / (bad - good)).clamp(0.0, 1.0)
}

/// Single dark pixels for each letter: a clean scan has hardly any, 1 % of salt and pepper some twenty.
fn measure_noise(survey: &Survey) -> f64 {
    let specks = survey.components.iter().filter(|component| component.ink <= 2).count() as f64;
    // a page has room for few letters and many specks: both must be many
    let for_each_letter = specks / survey.letters.shapes.len().max(MIN_SHAPES) as f64;
    let for_each_pixel = specks / survey.page.pixels.len() as f64;
    ramp(for_each_letter, 1.0, 8.0).min(ramp(for_each_pixel, 1.0 / 4_000.0, 1.0 / 500.0))
}

/// Height of small letters and capitals mixed, in pixels, below which an engine starts to guess; at 8 pixels word F
/// falls by a third, at 6 to a half.
fn measure_small_text(survey: &Survey) -> f64 {
    const READABLE: f64 = 10.5;
    const UNREADABLE: f64 = 5.0;
    /// A speckle has less ink.
    const LEAST_INK: usize = 5;
    let is_tiny = |shape: &&Component| (3..6).contains(&shape.area.height()) && shape.ink >= LEAST_INK;
    let tiny = survey.components.iter().filter(is_tiny).count();
    let shapes = survey.letters.shapes.len();
    let specks = survey.components.iter().filter(|shape| shape.ink <= 2).count();
    // most of the print is lower than what is taken for a letter: dots and commas of larger print are fewer
    if tiny > 2 * shapes.max(MIN_SHAPES) && tiny > specks {
        return 1.0;
    }
    survey.letters.height.map_or(0.0, |height| ramp(height, READABLE, UNREADABLE))
}

/// Degrees of the lines; 1 costs 0.7 points of word F where it isn't mended, 5 a fifth.
fn measure_slant(skew: &Skew) -> f64 {
    const LEAST_CONFIDENCE: f64 = 0.3;
    if skew.confidence < LEAST_CONFIDENCE { 0.0 } else { ramp(skew.degrees.abs(), 1.0, 6.0) }
}

fn to_f32(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a score from 0.0 to 1.0")]
    let short = value as f32;
    short
}
