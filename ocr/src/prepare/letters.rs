use super::components::Component;

/// The letters of a page, as far as shapes can tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letters {
    /// Shapes of the size of a letter, from top to bottom.
    pub(crate) shapes: Vec<Component>,
    /// Middle height of a letter (small ones and capitals mixed) in pixels; `None` on a page with too few to tell.
    pub(crate) height: Option<f64>,
}

/// Fewer letters than these are taken for spots.
const MIN_LETTERS: usize = 12;
/// A letter has at least this many pixels of height, whatever the resolution: less can't be told from a speckle.
const MIN_HEIGHT: usize = 6;

/// Picks the shapes that may be letters and measures their height.
pub(crate) fn measure_letters(components: &[Component], page_height: usize) -> Letters {
    let is_letter = |component: &&Component| {
        let (width, height) = (component.area.width(), component.area.height());
        let fills_box = component.ink * 12 >= width * height;
        height >= MIN_HEIGHT && height * 15 < page_height && width < height * 6 && height < width * 8 && fills_box
    };
    let shapes: Vec<Component> = components.iter().filter(is_letter).copied().collect();
    let mut heights: Vec<usize> = shapes.iter().map(|shape| shape.area.height()).collect();
    heights.sort_unstable();
    let height = (heights.len() >= MIN_LETTERS).then(|| heights[heights.len() / 2] as f64);
    Letters { shapes, height }
}

impl Letters {
    /// Gives those that are near the middle height: no dots, commas, headings.
    pub(crate) fn typical(&self) -> impl Iterator<Item = &Component> {
        let middle = self.height.unwrap_or(0.0);
        self.shapes.iter().filter(move |shape| {
            let height = shape.area.height() as f64;
            (0.6 * middle..=1.8 * middle).contains(&height)
        })
    }
}
