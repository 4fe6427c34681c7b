use super::{
    components::Component,
    gray::{Area, round},
    letters::Letters,
};

/// Which way lines of text run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Direction {
    /// Lines run from top to bottom (or up), so the page was turned by a quarter.
    pub(crate) is_vertical: bool,
    /// 0.0 to 1.0: how much more often the nearest letter stands this way than the other.
    pub(crate) confidence: f64,
}

/// Finds which way lines run: a letter's nearest neighbour stands in its own line far more often than in the next,
/// since letters are nearer to each other than lines are. Costs a millisecond, where reading a page four ways
/// costs seconds.
pub(crate) fn measure_direction(letters: &Letters) -> Direction {
    let Some(size) = letters.height else { return Direction { is_vertical: false, confidence: 0.0 } };
    let shapes: Vec<&Component> = letters.typical().collect();
    let reach = round(size * REACH).max(1);
    let (mut across, mut down) = (0.0, 0.0);
    let grid = Grid::new(&shapes, reach);
    for shape in &shapes {
        let gap = |gap: fn(&Area, &Area) -> Option<usize>| {
            grid.near(&shape.area).filter_map(|other| gap(&shape.area, &other.area)).filter(|gap| *gap <= reach).min()
        };
        match (gap(gap_across), gap(|a, b| gap_across(&flip(a), &flip(b)))) {
            (Some(a), Some(d)) if a == d => {}
            (Some(a), Some(d)) if a < d => across += 1.0,
            (Some(_), None) => across += 1.0,
            (_, Some(_)) => down += 1.0,
            (None, None) => {}
        }
    }
    let (more, less) = if down > across { (down, across) } else { (across, down) };
    // few letters prove little
    let confidence = (more - less) / f64::max(more + less, ENOUGH_LETTERS);
    Direction { is_vertical: down > across, confidence }
}

const ENOUGH_LETTERS: f64 = 60.0;
/// Letters further apart than this, in heights of a letter, are no neighbours.
const REACH: f64 = 2.0;

/// Gives the pixels between a letter and one to its right that shares at least half of its height.
fn gap_across(a: &Area, b: &Area) -> Option<usize> {
    let is_beside = 2 * a.shared_height(b) >= a.height().min(b.height());
    (b.left >= a.right && is_beside).then(|| b.left - a.right)
}

const fn flip(area: &Area) -> Area {
    Area { left: area.top, top: area.left, right: area.bottom, bottom: area.right }
}

/// Letters by where they begin, in squares.
struct Grid<'a> {
    cell: usize,
    cells: std::collections::HashMap<(usize, usize), Vec<&'a Component>>,
}

impl<'a> Grid<'a> {
    fn new(shapes: &[&'a Component], reach: usize) -> Self {
        let cell = 2 * reach;
        let mut cells: std::collections::HashMap<_, Vec<_>> = std::collections::HashMap::new();
        for shape in shapes {
            cells.entry((shape.area.left / cell, shape.area.top / cell)).or_default().push(*shape);
        }
        Self { cell, cells }
    }

    /// Lists the letters that begin not further than a square away.
    fn near(&self, area: &Area) -> impl Iterator<Item = &'a Component> {
        let (x, y) = (area.left / self.cell, area.top / self.cell);
        let squares =
            (x.saturating_sub(1)..=x + 1).flat_map(move |x| (y.saturating_sub(1)..=y + 1).map(move |y| (x, y)));
        squares.filter_map(|square| self.cells.get(&square)).flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(turn: bool) -> Letters {
        let place = |index: usize| {
            let (left, top) = (100 + index % 30 * 16, 100 + index / 30 * 40);
            let area = Area { left, top, right: left + 12, bottom: top + 20 };
            Component { area: if turn { flip(&area) } else { area }, ink: 100 }
        };
        Letters { shapes: (0..300).map(place).collect(), height: Some(if turn { 12.0 } else { 20.0 }) }
    }

    #[test]
    fn tells_level_lines_from_upright_ones() {
        let level = measure_direction(&page(false));
        let turned = measure_direction(&page(true));
        assert!(!level.is_vertical && level.confidence > 0.9, "{level:?}");
        assert!(turned.is_vertical && turned.confidence > 0.9, "{turned:?}");
    }
}
