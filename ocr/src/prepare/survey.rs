use super::{
    background::{divide_background, estimate_paper},
    components::{Component, find_components},
    filters::stretch,
    gray::{Gray, otsu, percentile},
    letters::{Letters, measure_letters},
    recipe::When,
};
use crate::{OcrError, Pixels, Raster};

/// What can be told of a page before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    /// The page as it is.
    pub(crate) page: Gray,
    /// The page with its paper made white; `None` when the paper is white and even already.
    pub(crate) even: Option<Gray>,
    /// Brightness of the paper at every place, a cell per 1/400 of the width; `None` for black and white.
    pub(crate) paper: Option<Gray>,
    /// Print was so faint that its contrast was stretched on the even page.
    pub(crate) is_faint: bool,
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
        Ok(Self::of_parts(page, even, paper))
    }

    fn of_parts(page: Gray, even: Option<Gray>, paper: Option<Gray>) -> Self {
        let shown = even.as_ref().unwrap_or(&page);
        let counts = shown.histogram();
        // between print that is nearly black and print that is hardly there
        let threshold = otsu(&counts).clamp(80, 235);
        let components = find_components(shown, threshold);
        let letters = measure_letters(&components, page.height.max(page.width));
        let survey = Self { page, even, paper, is_faint: false, threshold, components, letters };
        survey.find_faint_print(&counts).unwrap_or(survey)
    }

    /// Looks for print among what was taken for paper: where a black edge or a blot is the darkest of the page, print
    /// that is hardly darker than the paper is missed by one threshold. Gives the page with its contrast stretched
    /// when that shows several times as many letters.
    fn find_faint_print(&self, counts: &[usize; 256]) -> Option<Self> {
        const ENOUGH_LETTERS: usize = 150;
        const TIMES_AS_MANY: usize = 3;
        self.paper.as_ref()?;
        if self.letters.shapes.len() >= ENOUGH_LETTERS {
            return None;
        }
        let mut light = *counts;
        light[..usize::from(self.threshold)].fill(0);
        let between = otsu(&light);
        let mut print = light;
        print[usize::from(between)..].fill(0);
        let mut paper = light;
        paper[..usize::from(between)].fill(0);
        let page = stretch(self.even(), percentile(&print, 0.1), percentile(&paper, 0.5));
        let threshold = otsu(&page.histogram()).clamp(80, 235);
        let components = find_components(&page, threshold);
        let letters = measure_letters(&components, page.height.max(page.width));
        let is_better = letters.shapes.len() > TIMES_AS_MANY * self.letters.shapes.len().max(MIN_FAINT_LETTERS);
        is_better.then(|| Self {
            page: self.page.clone(),
            even: Some(page),
            paper: self.paper.clone(),
            is_faint: true,
            threshold,
            components,
            letters,
        })
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
