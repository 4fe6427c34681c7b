use untxt_page::{Preparation, Preset, Stage};

use super::{
    Placement, Survey,
    border::remove_border,
    defects::edge_width,
    filters::{despeckle, sharpen, smooth},
    gray::{Gray, round},
    recipe::Recipe,
    rules::remove_rules,
    skew::{Skew, Turn, measure_skew, straighten},
    specks::remove_specks,
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
/// Letters below this height in pixels are read better when their edges are sharp; larger ones lose nothing by blur.
const SMALL_LETTER: f64 = 14.0;
/// Edges of so small letters that are wider than this, in pixels, are blurred: scanned ones have 1.1 to 1.8,
/// photographed ones 1.9 and more. Small print with sharp edges would lose three points by more sharpness.
const SOFT_EDGE: f64 = 1.85;
/// The engine reads letters of this height best, in pixels.
const BEST_LETTER: f64 = 20.0;
/// More enlargement shows nothing new.
const MAX_SCALE: f64 = 4.0;

/// Prepares a page for its first reading.
///
/// # Errors
/// [`OcrError::Engine`] when the page has a size that can't be scaled.
pub(crate) fn prepare(raster: &Raster, survey: &Survey, preset: Preset) -> Result<Prepared, OcrError> {
    let recipe = Recipe::of(preset);
    let mut stages = survey.stages.clone();
    let mut changed = survey.even.clone();
    let letter = survey.letters.height;
    if let (true, Some(letter)) = (recipe.removes_border, letter)
        && let Some(clean) = remove_border(changed.as_ref().unwrap_or(&survey.page), survey.threshold, letter)
    {
        changed = Some(clean);
        stages.push(Stage::RemoveBorder);
    }
    if let Some(clean) = clean_specks(changed.as_ref().unwrap_or(&survey.page), survey, &recipe) {
        changed = Some(clean);
        stages.push(Stage::Despeckle);
    }
    if letter.is_some_and(|letter| letter < SMALL_LETTER) && edge_width(survey) > SOFT_EDGE {
        changed = Some(sharpen(changed.as_ref().unwrap_or(&survey.page)));
        stages.push(Stage::Sharpen);
    }
    let skew = measure_skew(survey.letters.typical(), letter.unwrap_or(1.0));
    let mut turn = None;
    if skew.degrees.abs() >= MIN_SKEW_DEGREES && skew.confidence >= MIN_SKEW_CONFIDENCE {
        changed = Some(straighten(changed.as_ref().unwrap_or(&survey.page), skew.degrees, letter));
        turn = Some(Turn::new(survey.page.width, survey.page.height, skew.degrees));
        stages.push(Stage::Deskew);
    }
    let straight = changed.clone();
    let scale = choose_scale(letter, &recipe);
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

/// Removes specks in the way that the preset chooses; `None` when nothing is to be removed.
fn clean_specks(page: &Gray, survey: &Survey, recipe: &Recipe) -> Option<Gray> {
    if recipe.removes_specks {
        return remove_specks(page, &survey.components);
    }
    recipe.despeckle.applies(|| survey.is_speckled()).then(|| despeckle(page))
}

fn choose_scale(letter: Option<f64>, recipe: &Recipe) -> f64 {
    match letter {
        Some(height) if !recipe.good_letters.contains(&height) => (BEST_LETTER / height).clamp(0.3, MAX_SCALE),
        _ => 1.0,
    }
}

fn scale_page(page: &Gray, scale: f64) -> Result<Gray, OcrError> {
    let size = |side: usize| round(side as f64 * scale).max(1);
    page.resize(size(page.width), size(page.height))
}

fn to_f32(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a small number of few digits")]
    let short = value as f32;
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixels, prepare::View};

    /// A grey page with lines of bars of `letter` pixels, a dark left edge and specks.
    fn page(letter: usize) -> Raster {
        let (width, height) = (1_000, 800);
        let mut pixels = vec![230; width * height];
        let mut draw = |left: usize, top: usize, across: usize, down: usize| {
            for y in top..top + down {
                pixels[y * width + left..y * width + left + across].fill(20);
            }
        };
        for (line, column) in (0..15).flat_map(|line| (0..40).map(move |column| (line, column))) {
            draw(100 + column * 20 + line * 3, 40 + line * 48, letter / 3, letter);
        }
        draw(0, 0, 60, height);
        draw(990, 10, 1, 1);
        Raster {
            width: 1_000,
            height: 800,
            dpi: 200,
            is_dpi_known: true,
            pixel_height: 1.0,
            pixels: Pixels::Gray8(pixels),
            encoded: None,
            is_damaged: false,
        }
    }

    fn stages(letter: usize, preset: Preset) -> Vec<Stage> {
        View::new(&page(letter), preset).unwrap().prepared.preparation.stages
    }

    #[test]
    fn grain_is_smoothed_and_letters_keep_their_height() {
        let mut raster = page(24);
        let Pixels::Gray8(pixels) = &mut raster.pixels else { panic!("{raster:?}") };
        let mut chance = 1_u32;
        for value in pixels {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let darkest = if *value < 100 { 0 } else { 110 };
            *value = darkest + u8::try_from(chance >> 24).unwrap() / 2;
        }
        let view = View::new(&raster, Preset::Auto).unwrap();
        assert!(view.survey.stages.contains(&Stage::Despeckle), "{:?}", view.survey.stages);
        let letter = view.survey.letters.height.unwrap();
        assert!((22.0..28.0).contains(&letter), "{letter}");
    }

    #[test]
    fn the_preset_chooses_the_stages() {
        assert_eq!(stages(24, Preset::CleanScan), []);
        assert_eq!(stages(24, Preset::Fax), [Stage::Despeckle]);
        assert_eq!(stages(15, Preset::Fax), [Stage::Despeckle, Stage::Scale]);
        assert!(stages(24, Preset::Photo).contains(&Stage::Background));
        assert!(stages(24, Preset::Book).contains(&Stage::RemoveBorder));
        assert!(!stages(24, Preset::Auto).contains(&Stage::RemoveBorder));
    }
}
