use std::collections::BTreeMap;

/// Parts that a font size is divided in for ascent and descent.
const STEPS: i32 = 64;
/// Steps between heights that are tried: coarse, so that words agree on few.
const COARSE: usize = 4;
/// What a viewer marks may be so much higher or lower than the word is: in points, and of the size of its font.
const MAX_LEEWAY: f64 = 1.6;
const MAX_LEEWAY_OF_SIZE: f64 = 0.16;

/// How far a word reaches from its baseline, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach {
    pub(super) above: f64,
    pub(super) below: f64,
}

/// How far the letters of a font reach from the baseline. What a viewer marks is as high as the font says, not as the
/// word is; the words of a line must have one size and one baseline, or viewers part the line. So there is a font for
/// each height above the baseline and each depth below it, alike in all else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    /// In [`STEPS`] of the font size, 1 or more.
    ascent: i32,
    /// The same, 0 or more.
    descent: i32,
}

impl Shape {
    /// Gives how far it reaches above and below the baseline, in thousandths of the font size.
    pub(super) fn thousandths(self) -> (i64, i64) {
        let thousandths = |steps: i32| i64::from(steps) * 1000 / i64::from(STEPS);
        (thousandths(self.ascent), thousandths(self.descent))
    }

    /// Says by how many points it misses what a word needs, whose baseline lies `offset` points above the text's.
    fn miss(self, reach: Reach, size: f64, offset: f64) -> f64 {
        let points = |steps: i32| f64::from(steps) * size / f64::from(STEPS);
        let above = points(self.ascent) - reach.above - offset;
        above.abs().max((points(self.descent) - reach.below + offset).abs())
    }

    /// Says whether it marks a word as well as it should.
    pub(super) fn suits(self, reach: Reach, size: f64, offset: f64) -> bool {
        self.miss(reach, size, offset) <= leeway(size) + 1e-6
    }
}

/// Finds the shape that suits a word best; 0 when there is none at all.
pub(super) fn nearest(shapes: &[Shape], reach: Reach, size: f64) -> usize {
    let miss = |place: &usize| shapes[*place].miss(reach, size, 0.0);
    (0..shapes.len()).min_by(|a, b| miss(a).total_cmp(&miss(b))).unwrap_or(0)
}

fn leeway(size: f64) -> f64 {
    MAX_LEEWAY.min(MAX_LEEWAY_OF_SIZE * size)
}

/// Chooses few shapes such that one suits each word, the most used first. Words are given with the size of their font.
pub(super) fn choose_shapes(words: impl Iterator<Item = (Reach, f64)>) -> Vec<Shape> {
    // words that need the same
    let mut open: BTreeMap<[i32; 3], u32> = BTreeMap::new();
    for (reach, size) in words {
        *open
            .entry([in_steps(reach.above / size), in_steps(reach.below / size), leeway_in_steps(size)])
            .or_default() += 1;
    }
    let mut shapes = Vec::new();
    while !open.is_empty() {
        let mut votes: BTreeMap<Shape, u32> = BTreeMap::new();
        for ([above, below, leeway], words) in &open {
            for ascent in candidates(*above, *leeway, 1) {
                for descent in candidates(*below, *leeway, 0) {
                    *votes.entry(Shape { ascent, descent }).or_default() += words;
                }
            }
        }
        let Some((shape, _)) = votes.into_iter().max_by_key(|(_, words)| *words) else { break };
        open.retain(|[above, below, leeway], _| {
            !candidates(*above, *leeway, 1).any(|ascent| ascent == shape.ascent)
                || !candidates(*below, *leeway, 0).any(|descent| descent == shape.descent)
        });
        shapes.push(shape);
    }
    shapes
}

fn in_steps(share: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to twice a font size")]
    let steps = (share * f64::from(STEPS)).round().clamp(0.0, f64::from(2 * STEPS)) as i32;
    steps
}

/// Rounded down, and less what rounding of the word itself may take.
fn leeway_in_steps(size: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "at most a part of the steps")]
    let steps = (leeway(size) / size * f64::from(STEPS) - 0.5).max(0.0) as i32;
    steps
}

/// Lists the coarse heights within the leeway of a height; of large print, where there may be none, the height itself.
fn candidates(height: i32, leeway: i32, least: i32) -> impl Iterator<Item = i32> {
    let height = height.max(least);
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a small constant")]
    let coarse = COARSE as i32;
    let first = ((height - leeway).max(least) + coarse - 1) / coarse * coarse;
    let listed = (first..=height + leeway).step_by(COARSE);
    let alone = (first > height + leeway).then_some(height);
    listed.chain(alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of every kind in a font of this size: with and without ascenders and descenders, as blurred as scans are.
    fn words(size: f64) -> impl Iterator<Item = (Reach, f64)> {
        let kinds = [(0.75, 0.0), (0.75, 0.22), (0.5, 0.0), (0.5, 0.22), (0.1, 0.0), (0.6, 0.02)];
        let blurs = [-0.03, 0.0, 0.02];
        kinds.into_iter().flat_map(move |(above, below)| {
            blurs.map(|blur| (Reach { above: (above + blur) * size, below: below * size }, size))
        })
    }

    #[test]
    fn few_shapes_suit_every_word() {
        let sizes = [4.0, 9.0, 10.0, 11.0, 24.0, 90.0];
        let shapes = choose_shapes(sizes.into_iter().flat_map(words));
        for (reach, size) in sizes.into_iter().flat_map(words) {
            let miss = shapes[nearest(&shapes, reach, size)].miss(reach, size, 0.0);
            assert!(miss <= 1.7, "{reach:?} of {size}: {miss}");
            assert!(size > 40.0 || shapes.iter().any(|shape| shape.suits(reach, size, 0.0)), "{reach:?} of {size}");
        }
        assert!(choose_shapes(words(9.0).chain(words(10.0))).len() <= 4);
        assert!(choose_shapes(std::iter::empty()).is_empty());
    }

    #[test]
    fn a_shape_is_given_in_thousandths() {
        let shapes = choose_shapes([(Reach { above: 80.0, below: 0.0 }, 100.0)].into_iter());
        assert_eq!(shapes.iter().map(|shape| shape.thousandths()).collect::<Vec<_>>(), [(796, 0)]);
    }
}
