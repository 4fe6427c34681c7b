use untxt_page::Preset;

use super::{
    Prepared, Survey,
    gray::{Area, Gray, round},
    plan::prepare,
    recipe::Recipe,
};
use crate::{OcrError, Raster};

/// A page in one of its four turns, looked at and prepared.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) survey: Survey,
    pub(crate) prepared: Prepared,
}

/// Lines that a trial reads, in heights of a letter: about six.
const TRIAL_HEIGHT: f64 = 12.0;
/// Their length, in heights of a letter: about ten words.
const TRIAL_WIDTH: f64 = 50.0;

impl View {
    /// Looks at a page and prepares it.
    ///
    /// # Errors
    /// [`OcrError::Engine`] when the page has a size that can't be scaled.
    pub(crate) fn new(page: &Raster, preset: Preset) -> Result<Self, OcrError> {
        let survey = Survey::new(page, Recipe::of(preset).background)?;
        let prepared = prepare(page, &survey, preset)?;
        Ok(Self { survey, prepared })
    }

    /// Cuts out the part with the most letters, as the engine would read it.
    pub(crate) fn densest_lines(&self, like: &Raster) -> Raster {
        let scale = self.prepared.placement.scale;
        let size = self.prepared.letter.unwrap_or(20.0) * scale;
        let page = match &self.prepared.raster {
            Some(raster) => Gray::from_raster(raster),
            None => self.survey.page.clone(),
        };
        let (width, height) = (round(size * TRIAL_WIDTH).min(page.width), round(size * TRIAL_HEIGHT).min(page.height));
        let places: Vec<[usize; 2]> = self
            .survey
            .letters
            .typical()
            .map(|shape| {
                let middle = [(shape.area.left + shape.area.right) as f64, (shape.area.top + shape.area.bottom) as f64];
                let straight = self.prepared.placement.to_straight(middle.map(|side| side / 2.0));
                straight.map(|side| round(side as f64 * scale))
            })
            .collect();
        let margin = round(size);
        let area = find_densest(&places, (width, height), (page.width, page.height));
        page.cut(&area, margin).into_raster(like, scale)
    }
}

/// Finds where a box of `size` holds the most of `places`; it moves in steps of half its size over `page`.
fn find_densest(places: &[[usize; 2]], size: (usize, usize), page: (usize, usize)) -> Area {
    let (step_x, step_y) = ((size.0 / 2).max(1), (size.1 / 2).max(1));
    let (columns, rows) = (page.0 / step_x + 2, page.1 / step_y + 2);
    let mut counts = vec![0_usize; columns * rows];
    for &[x, y] in places {
        counts[(y / step_y).min(rows - 1) * columns + (x / step_x).min(columns - 1)] += 1;
    }
    let count_at = |x: usize, y: usize| {
        let at = y * columns + x;
        counts[at] + counts[at + 1] + counts[at + columns] + counts[at + columns + 1]
    };
    let squares = (0..rows - 1).flat_map(|y| (0..columns - 1).map(move |x| (x, y)));
    let (x, y) = squares.max_by_key(|&(x, y)| count_at(x, y)).unwrap_or((0, 0));
    let (left, top) = ((x * step_x).min(page.0 - size.0), (y * step_y).min(page.1 - size.1));
    Area { left, top, right: left + size.0, bottom: top + size.1 }
}
