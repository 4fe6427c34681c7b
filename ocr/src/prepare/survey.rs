use super::{
    background::{divide_background, estimate_paper},
    components::{Component, find_components},
    dots::join_dots,
    filters::{despeckle, smooth, stretch},
    gray::{Gray, otsu, percentile},
    letters::{Letters, measure_letters},
    recipe::When,
};
use untxt_page::Stage;

use crate::{OcrError, Pixels, Raster};

/// What can be told of a page before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    /// The page as it is.
    pub(crate) page: Gray,
    /// The page with its paper made white and its letters whole; `None` when they are already.
    pub(crate) even: Option<Gray>,
    /// Brightness of the paper at every place, a cell per 1/400 of the width; `None` for black and white.
    pub(crate) paper: Option<Gray>,
    /// What was done to make the even page.
    pub(crate) stages: Vec<Stage>,
    /// Below this brightness is print, on the even page.
    pub(crate) threshold: u8,
    /// Everything dark that hangs together, on the even page.
    pub(crate) components: Vec<Component>,
    /// Which of them may be letters.
    pub(crate) letters: Letters,
}

impl Survey {
    /// Looks at a page, and makes its paper white when `background` says so.
    ///
    /// # Errors
    /// [`OcrError::Engine`] when the page has a size that can't be scaled.
    pub(crate) fn new(raster: &Raster, background: When) -> Result<Self, OcrError> {
        let page = Gray::from_raster(raster);
        let paper = match raster.pixels {
            Pixels::Bilevel(_) => None,
            _ => Some(estimate_paper(&page)?),
        };
        let even = match &paper {
            Some(paper) if background.applies(|| is_uneven(paper)) => Some(divide_background(&page, paper)?),
            _ => None,
        };
        let stages = even.iter().map(|_| Stage::Background).collect();
        let survey = Self::of_parts(page, even, paper, stages);
        let survey = survey.calm_grain().unwrap_or(survey);
        let survey = survey.join_dots().unwrap_or(survey);
        Ok(survey.find_faint_print().unwrap_or(survey))
    }

    fn of_parts(page: Gray, even: Option<Gray>, paper: Option<Gray>, stages: Vec<Stage>) -> Self {
        let shown = even.as_ref().unwrap_or(&page);
        // between print that is nearly black and print that is hardly there
        let threshold = otsu(&shown.histogram()).clamp(80, 235);
        let components = find_components(shown, threshold);
        let letters = measure_letters(&components, page.height.max(page.width));
        Self { page, even, paper, stages, threshold, components, letters }
    }

    /// Gives the page with another one in the place of the even page, that a stage made of it.
    fn with_even(&self, even: Gray, stage: Stage) -> Self {
        let stages = self.stages.iter().copied().chain([stage]).collect();
        Self::of_parts(self.page.clone(), Some(even), self.paper.clone(), stages)
    }

    /// Gives the page with the grain of a photograph in poor light smoothed: specks all over it that are no single
    /// pixels, so that taking these out leaves more. Shapes of grain are measured as letters otherwise. `None` where
    /// there is no grain, and where letters are too small to be smoothed.
    fn calm_grain(&self) -> Option<Self> {
        /// Standard deviation of the blur, in pixels.
        const DEVIATION: f64 = 1.0;
        const SMALLEST_LETTER: f64 = 12.0;
        self.paper.as_ref()?;
        if !self.is_speckled() || !self.with_even(despeckle(self.even()), Stage::Despeckle).is_speckled() {
            return None;
        }
        let calm = self.with_even(smooth(self.even(), DEVIATION), Stage::Despeckle);
        calm.letters.height.is_some_and(|height| height >= SMALLEST_LETTER).then_some(calm)
    }

    /// Gives the page with the dots of its letters joined; `None` where they are whole.
    fn join_dots(&self) -> Option<Self> {
        let joined = join_dots(self.even(), self.threshold, &self.components, &self.letters)?;
        Some(self.with_even(joined, Stage::JoinDots))
    }

    /// Looks for print among what was taken for paper: where a black edge or a blot is the darkest of the page, print
    /// that is hardly darker than the paper is missed by one threshold. Gives the page with its contrast stretched
    /// when that shows several times as many letters.
    fn find_faint_print(&self) -> Option<Self> {
        const ENOUGH_LETTERS: usize = 150;
        const TIMES_AS_MANY: usize = 3;
        self.paper.as_ref()?;
        if self.letters.shapes.len() >= ENOUGH_LETTERS {
            return None;
        }
        let mut light = self.even().histogram();
        light[..usize::from(self.threshold)].fill(0);
        let between = otsu(&light);
        let mut print = light;
        print[usize::from(between)..].fill(0);
        let mut paper = light;
        paper[..usize::from(between)].fill(0);
        let page = stretch(self.even(), percentile(&print, 0.1), percentile(&paper, 0.5));
        let stretched = self.with_even(page, Stage::Contrast);
        let stretched = stretched.calm_grain().unwrap_or(stretched);
        let is_better =
            stretched.letters.shapes.len() > TIMES_AS_MANY * self.letters.shapes.len().max(MIN_FAINT_LETTERS);
        is_better.then_some(stretched)
    }

    /// Says whether single dark pixels are all over the page: more of them than letters, and one in 2,000 pixels.
    pub(crate) fn is_speckled(&self) -> bool {
        let specks = self.components.iter().filter(|component| component.ink <= 2).count();
        specks > 2 * self.letters.shapes.len() && specks * 2_000 > self.page.pixels.len()
    }

    /// Gives the page with white paper.
    pub(crate) fn even(&self) -> &Gray {
        self.even.as_ref().unwrap_or(&self.page)
    }
}

/// Fewer faint letters than three times this are stains.
const MIN_FAINT_LETTERS: usize = 15;

/// Says whether the paper is grey or has shadows: then the same brightness is print here and paper there.
fn is_uneven(paper: &Gray) -> bool {
    // a good scan has paper above 235 and differs by less than 15
    const DIM: u8 = 215;
    const SPREAD: u8 = 30;
    let counts = paper.histogram();
    let [dark, middle, light] = [0.05, 0.5, 0.95].map(|fraction| percentile(&counts, fraction));
    middle < DIM || light - dark > SPREAD
}
