use super::{Component, Survey, ramp};
use crate::prepare::gray::percentile;

/// Says how dark the page is, by the brightness of its paper: a scan has 230 to 255, a photograph in good light 160 and
/// more.
pub(super) fn measure_darkness(survey: &Survey) -> f64 {
    const BRIGHT_PAPER: f64 = 150.0;
    const DARK_PAPER: f64 = 60.0;
    survey
        .paper
        .as_ref()
        .map_or(0.0, |paper| ramp(f64::from(percentile(&paper.histogram(), 0.75)), BRIGHT_PAPER, DARK_PAPER))
}

/// Says how faint print is, by how much darker than its paper it is: ink on paper takes nine tenths of the light, a
/// worn ribbon or thermal paper half.
pub(super) fn measure_faintness(survey: &Survey) -> f64 {
    const STRONG: f64 = 0.45;
    const FAINT: f64 = 0.15;
    if survey.paper.is_none() {
        return 0.0;
    }
    let mut contrasts: Vec<f64> = survey.letters.shapes.iter().map(|shape| contrast_of(survey, shape)).collect();
    contrasts.sort_by(f64::total_cmp);
    contrasts.get(contrasts.len() / 2).map_or(0.0, |&contrast| ramp(contrast, STRONG, FAINT))
}

/// Gives by how much the darkest of a letter is darker than the lightest around it, as a part of that.
fn contrast_of(survey: &Survey, shape: &Component) -> f64 {
    let page = &survey.page;
    let (left, right) = (shape.area.left.saturating_sub(2), (shape.area.right + 2).min(page.width));
    let mut values = [0; 256];
    for y in shape.area.top..shape.area.bottom {
        page.row(y)[left..right].iter().for_each(|&value| values[usize::from(value)] += 1);
    }
    let (dark, light) = (f64::from(percentile(&values, 0.05)), f64::from(percentile(&values, 0.98)));
    (light - dark) / light.max(1.0)
}

/// Brightness that a camera can't tell from any brighter.
const BLOWN_OUT: u8 = 246;
/// By how much a reflection is brighter than the paper at least.
const BRIGHTER: u8 = 20;

/// Says how much a reflection hides: a patch, brighter than paper can be, without letters. Paper that is white
/// everywhere shows no reflection, and what is bright with letters in it is only well lit.
///
/// `letter` is the height of a letter in pixels.
pub(super) fn measure_glare(survey: &Survey, letter: f64) -> f64 {
    /// A reflection that hides less than a few words is no harm.
    const SMALL: f64 = 0.004;
    const LARGE: f64 = 0.08;
    /// More is the light of the room, or a page on something darker.
    const MOST: f64 = 0.4;
    let Some(paper) = &survey.paper else { return 0.0 };
    let usual = percentile(&paper.histogram(), 0.5);
    if usual > BLOWN_OUT - BRIGHTER {
        return 0.0;
    }
    let is_blown: Vec<bool> = paper.pixels.iter().map(|&value| value >= BLOWN_OUT).collect();
    let blown = is_blown.iter().filter(|is_blown| **is_blown).count() as f64 / is_blown.len() as f64;
    let is_in_glare = |shape: &&Component| {
        let x = (shape.area.left + shape.area.right) / 2 * paper.width / survey.page.width;
        let y = (shape.area.top + shape.area.bottom) / 2 * paper.height / survey.page.height;
        is_blown.get(y * paper.width + x).copied().unwrap_or(false)
    };
    let letters = survey.letters.shapes.iter().filter(|shape| shape.area.height() as f64 >= letter / 2.0);
    let (inside, all) = letters
        .fold((0.0, 0.0), |(inside, all), shape| (inside + if is_in_glare(&shape) { 1.0 } else { 0.0 }, all + 1.0));
    let hides = inside / f64::max(all, 1.0) < blown / 4.0;
    if hides && blown < MOST { ramp(blown, SMALL, LARGE) } else { 0.0 }
}
