use untxt_page::Word;

use super::{gray::round, skew::Turn};

/// Leads from what the engine read back to the page image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    /// Size of what was read, as a multiple of the straight page.
    pub(crate) scale: f64,
    /// How the page was straightened, if it was.
    pub(crate) turn: Option<Turn>,
    /// Size of the page image in pixels.
    pub(crate) width: u32,
    /// Size of the page image in pixels.
    pub(crate) height: u32,
}

impl Placement {
    /// Moves words from the straight page onto the page image: for a page that was straightened, each gets the four
    /// corners it has there, and `bounds` is the box around them.
    pub(crate) fn place(&self, words: &mut Vec<Word>) {
        for word in words.iter_mut() {
            if let Some(turn) = self.turn {
                self.slant(turn, word);
            }
        }
        words.retain(has_area);
    }

    fn slant(&self, turn: Turn, word: &mut Word) {
        let [left, top, right, bottom] = word.bounds;
        let corner = |x: u32, y: u32| {
            let (x, y) = turn.to_slanted(f64::from(x), f64::from(y));
            [whole(x).min(self.width), whole(y).min(self.height)]
        };
        let corners = [corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)];
        let side = |axis: usize| corners.map(|corner| corner[axis]);
        let (xs, ys) = (side(0), side(1));
        let least = |values: [u32; 4]| values.into_iter().fold(u32::MAX, u32::min);
        let most = |values: [u32; 4]| values.into_iter().fold(0, u32::max);
        word.bounds = [least(xs), least(ys), most(xs), most(ys)];
        let mut polygon = [0; 8];
        for (place, value) in polygon.iter_mut().zip(corners.into_iter().flatten()) {
            *place = value;
        }
        word.polygon = Some(polygon);
    }

    /// The same for what was read at another size.
    pub(crate) const fn scaled(self, scale: f64) -> Self {
        Self { scale, ..self }
    }

    /// Gives the place on the straight page of a place on the page image, in pixels.
    pub(crate) fn to_straight(self, [x, y]: [f64; 2]) -> [usize; 2] {
        let (x, y) = self.turn.map_or((x, y), |turn| turn.to_straight(x, y));
        [round(x), round(y)]
    }

    /// Moves words from what was read onto the straight page. An engine isn't trusted: none leaves the page, is empty
    /// or more certain than 1.0.
    pub(crate) fn unscale(&self, words: &mut Vec<Word>) {
        let [width, height] = self.turn.map_or([self.width, self.height], |turn| {
            [turn.width, turn.height].map(|side| u32::try_from(side).unwrap_or(u32::MAX))
        });
        for word in words.iter_mut() {
            for (side, limit) in word.bounds.iter_mut().zip([width, height, width, height]) {
                *side = whole(f64::from(*side) / self.scale).min(limit);
            }
            let confidence = word.confidence;
            word.confidence = if confidence.is_finite() { confidence.clamp(0.0, 1.0) } else { 0.0 };
        }
        words.retain(has_area);
    }
}

fn has_area(word: &Word) -> bool {
    let [left, top, right, bottom] = word.bounds;
    !word.text.trim().is_empty() && left < right && top < bottom
}

fn whole(value: f64) -> u32 {
    u32::try_from(round(value)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_straightened_page_gets_its_corners() {
        let turn = Turn::new(1000, 1000, 5.0);
        let placement = Placement { scale: 2.0, turn: Some(turn), width: 1000, height: 1000 };
        let mut words = vec![Word { text: "a".into(), bounds: [400, 500, 600, 540], ..Word::default() }];
        placement.place(&mut words);
        let [x0, y0, x1, y1, ..] = words[0].polygon.unwrap();
        assert!(x1 > x0 && y1 > y0, "falls to the right: {words:?}");
        let [left, top, right, bottom] = words[0].bounds;
        assert!(left <= x0 && right >= x1 && top <= y0 && bottom >= y1);
        assert!((bottom - top) > 50, "{words:?}");
    }
}
