use hayro::kurbo::{Affine, Point, Rect, Vec2};

use super::shape::Reach;
use crate::Word;

/// How a word is set.
pub(super) struct Setting {
    pub(super) reach: Reach,
    /// Of the font, in points.
    pub(super) size: f64,
    /// Beginning of its baseline, in the page's coordinates.
    pub(super) start: Point,
    /// Which way it runs (of a matrix, what is not its place), as exact as it is written.
    pub(super) direction: [f64; 4],
    /// In points.
    pub(super) width: f64,
}

/// Sets the words of a line: with one size and on one baseline, as slanted as they are together.
///
/// `to_points` leads from pixels to points of the upright page, origin top left, y downwards; `to_user_space` from there
/// to the page's coordinates.
pub(super) fn set_line(line: &[Word], to_points: Affine, to_user_space: Affine) -> Vec<Setting> {
    /// Words that run so differently, in radians, are no line.
    const MAX_BEND: f64 = 0.02;
    /// Of the size of the font: poppler breaks a word whose letters climb, so one that climbs less is set level.
    const MAX_LEVEL_CLIMB: f64 = 0.5;
    let corners: Vec<[Point; 4]> = line.iter().map(|word| corners_of(word).map(|corner| to_points * corner)).collect();
    let along = |[_, _, right, foot]: &[Point; 4]| *right - *foot;
    let angle = corners.iter().map(along).sum::<Vec2>().atan2();
    if line.len() > 1 && corners.iter().any(|word| (along(word).atan2() - angle).abs() > MAX_BEND) {
        return line.chunks(1).flat_map(|word| set_line(word, to_points, to_user_space)).collect();
    }
    let (turn, back) = (Affine::rotate(angle), Affine::rotate(-angle));
    let boxes: Vec<Rect> = corners.into_iter().map(|word| box_of(word.map(|corner| back * corner))).collect();
    let least = |side: fn(&Rect) -> f64| boxes.iter().map(side).fold(f64::INFINITY, f64::min);
    let (top, bottom) = (least(|word| word.y0), -least(|word| -word.y1));
    // no word ends above it, so none is less than nothing deep
    let base = least(|word| word.y1);
    let size = round_size(bottom - top);
    let climb = -least(|word| -word.width()) * angle.sin().abs();
    let is_level = climb <= MAX_LEVEL_CLIMB * size;
    let direction = direction_of(if is_level { to_user_space } else { to_user_space * turn });
    let set = |word: &Rect| {
        let width = if is_level { word.width() * angle.cos() } else { word.width() };
        let start = match is_level {
            // its middle is where it is printed
            true => turn * Point::new(word.center().x, base) - Vec2::new(width / 2.0, 0.0),
            false => turn * Point::new(word.x0, base),
        };
        let reach = Reach { above: base - word.y0, below: word.y1 - base };
        Setting { reach, size, start: to_user_space * start, direction, width }
    };
    boxes.iter().map(set).collect()
}

/// Rounds the size of a font upwards, such that lines of one print have one.
fn round_size(points: f64) -> f64 {
    const LARGE: f64 = 30.0;
    let step = if points < LARGE { 0.5 } else { 1.0 };
    (points / step).ceil().max(1.0 / step) * step
}

/// Gives the corners of a word in pixels, clockwise from the top left as it is read.
fn corners_of(word: &Word) -> [Point; 4] {
    let [left, top, right, bottom] = word.bounds;
    let [a, b, c, d, e, f, g, h] = word.polygon.unwrap_or([left, top, right, top, right, bottom, left, bottom]);
    [(a, b), (c, d), (e, f), (g, h)].map(|(x, y)| Point::new(x.into(), y.into()))
}

fn box_of(corners: [Point; 4]) -> Rect {
    let [first, rest @ ..] = corners;
    rest.into_iter().fold(Rect::from_points(first, first), |area, corner| area.union_pt(corner))
}

/// Gives which way text runs: x goes right as on the upright page, y goes up, against the points'.
fn direction_of(to_user_space: Affine) -> [f64; 4] {
    let [a, b, c, d, _, _] = to_user_space.as_coeffs();
    [a, b, -c, -d].map(|value| (value * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of words of 60 x 10 pixels, each 80 behind the one before, that falls by `fall` in 20.
    fn settings(fall: u32) -> Vec<Setting> {
        let word = |at: u32| {
            let (x, y) = (100 + 80 * at, 100 + 4 * fall * at);
            let end = y + 3 * fall;
            let polygon = [x, y, x + 60, end, x + 60, end + 10, x, y + 10];
            Word { bounds: [x, y, x + 60, end + 10], polygon: Some(polygon), ..Word::default() }
        };
        let line: Vec<Word> = (0..4).map(word).collect();
        set_line(&line, Affine::IDENTITY, Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, 1000.0]))
    }

    #[test]
    fn a_line_that_hardly_climbs_is_set_word_by_word_level() {
        let level = settings(1);
        assert!(level.iter().all(|word| word.direction == [1.0, 0.0, 0.0, 1.0] && word.size == level[0].size));
        // the middle of each word is where it is printed
        for (at, word) in (0_u32..).zip(&level) {
            let middle = 111.5 + f64::from(4 * at);
            assert!((1000.0 - word.start.y - middle).abs() < 1.0, "{at}: {}", word.start.y);
            assert!((word.start.x - f64::from(100 + 80 * at)).abs() < 1.0, "{at}: {}", word.start.x);
        }
    }

    #[test]
    fn a_line_that_climbs_is_set_slanted_on_one_baseline() {
        let steep = settings(6);
        let [along, down, ..] = steep[0].direction;
        assert!((along - 0.958).abs() < 0.002 && (down + 0.287).abs() < 0.002);
        for word in &steep {
            let step = word.start - steep[0].start;
            assert!((step.x * down - step.y * along).abs() < 1.0, "on one line");
        }
    }
}
