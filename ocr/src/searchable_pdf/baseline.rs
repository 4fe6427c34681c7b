use hayro::kurbo::{Affine, Point, Vec2};

use super::line::Setting;

/// A word may begin earlier and be wider than it is printed by a part of what it may begin later, or it would come too
/// near to its neighbour.
pub(super) const OUTWARDS: f64 = 0.3;
/// Poppler takes words for one that are less than a tenth of their size apart, whatever stands between them.
const LEAST_GAP_OF_SIZE: f64 = 0.12;

/// Where the last line began, as it was written.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) start: Point,
    pub(super) direction: [f64; 4],
    /// Where the last word ends and where the next letter goes, in points along the line.
    pub(super) end: f64,
    pub(super) reached: f64,
}

impl Line {
    /// Leads from points along and above the text to the page's coordinates, but for where it begins.
    pub(super) const fn turn(&self) -> Affine {
        let [a, b, c, d] = self.direction;
        Affine::new([a, b, c, d, 0.0, 0.0])
    }

    /// Gives where a word begins, in points along and above the line; `None` when it runs another way.
    pub(super) fn place(&self, setting: &Setting) -> Option<Vec2> {
        let is_parallel = self.direction == setting.direction && self.turn().determinant().abs() > 0.01;
        is_parallel.then(|| (self.turn().inverse() * (setting.start - self.start).to_point()).to_vec2())
    }

    /// Gives the step to a word `at` a place along the line, in parts of a `unit`: 0 when it may begin where the text has
    /// come to. All others are points.
    pub(super) fn step_to(&self, at: f64, size: f64, unit: f64, leeway: f64) -> f64 {
        // what is read from right to left goes back
        let is_behind = at > self.end - size / 2.0 && self.end > 0.0;
        let least = if is_behind { (self.end + LEAST_GAP_OF_SIZE * size).min(at + leeway) } else { f64::MIN };
        if self.reached >= least && (at - OUTWARDS * leeway..=at + leeway).contains(&self.reached) {
            return 0.0;
        }
        let step = (at.max(least) - self.reached) / unit;
        // few different ones
        let grain = if is_behind && leeway / unit >= 0.05 { 0.05 } else { 0.005 };
        (step / grain).ceil() * grain
    }
}
