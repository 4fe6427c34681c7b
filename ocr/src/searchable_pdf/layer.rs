use hayro::kurbo::{Affine, Rect};

use super::line::{Setting, set_line};
use crate::PageContent;

/// The words of a page as they are set, line by line in reading order.
pub(super) struct Layer(pub(super) Vec<Vec<Placed>>);

/// A word and how it is set.
pub(super) struct Placed {
    pub(super) text: String,
    /// Whether another word of its line follows.
    pub(super) has_space: bool,
    pub(super) setting: Setting,
}

impl Layer {
    /// Sets the words of a page.
    ///
    /// `area` is where the page image lies before it was turned, in points, origin top left, y downwards;
    /// `to_user_space` leads from there to the page's coordinates.
    pub(super) fn of(page: &PageContent, area: Rect, to_user_space: Affine) -> Self {
        let (width, height) = if page.rotation_applied.is_multiple_of(180) {
            (area.width(), area.height())
        } else {
            (area.height(), area.width())
        };
        let to_points =
            Affine::scale_non_uniform(width / f64::from(page.width.max(1)), height / f64::from(page.height.max(1)));
        let to_user_space =
            to_user_space * Affine::translate((area.x0, area.y0)) * undo_turn(page.rotation_applied, (width, height));
        let lines = page.words.chunk_by(|a, b| a.line == b.line).map(|line| {
            let settings = set_line(line, to_points, to_user_space);
            let words = line.iter().zip(settings).enumerate();
            words
                .map(|(index, (word, setting))| Placed {
                    text: word.text.clone(),
                    has_space: index + 1 < line.len(),
                    setting,
                })
                .collect()
        });
        Self(lines.collect())
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &Placed> + Clone {
        self.0.iter().flatten()
    }
}

/// Leads from the page image, turned clockwise to a size of `width` x `height` points, back to where it came from.
const fn undo_turn(clockwise: u32, (width, height): (f64, f64)) -> Affine {
    Affine::new(match clockwise {
        90 => [0.0, -1.0, 1.0, 0.0, 0.0, width],
        180 => [-1.0, 0.0, 0.0, -1.0, width, height],
        270 => [0.0, 1.0, -1.0, 0.0, height, 0.0],
        _ => [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
    })
}
