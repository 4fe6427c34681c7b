use super::{
    Rule,
    lines::Frame,
    rect::{Rect, around_all, median},
    tables::{Grid, GridCell, sort_words},
};
use crate::PageContent;

/// Finds tables with lines between their cells.
pub(super) fn find(page: &PageContent, rules: &[Rule], frame: &Frame, words: &[Rect], line_height: f64) -> Vec<Grid> {
    let segments: Vec<Segment> = rules.iter().filter_map(|rule| Segment::of(rule, frame, line_height)).collect();
    let segments = &segments[..segments.len().min(MAX_SEGMENTS)];
    let mut nets = connect(segments, line_height * TOUCH);
    add_borders(&mut nets, line_height);
    nets.iter().filter_map(|net| Net::of(net, line_height)?.to_grid(page, words, line_height)).collect()
}

/// More lines than a table has; each is compared with all others.
const MAX_SEGMENTS: usize = 3000;
/// Ends that are nearer than this meet, as a fraction of the line height.
const TOUCH: f64 = 0.5;
/// Cells on a side of a table; more is a pattern.
const MAX_SIDE: usize = 200;
/// Of so many cells at least one says something: the edges in a photograph make many cells with nothing in them.
const MOST_EMPTY: usize = 20;
/// Words in a cell, in the middle of a table; with more it is a page in a frame.
const MAX_WORDS: f64 = 60.0;

/// A rule on the straightened page.
#[derive(Clone, Copy, Debug)]
struct Segment {
    is_horizontal: bool,
    /// Where it runs: y of a horizontal one, x of a vertical one.
    at: f64,
    start: f64,
    end: f64,
}

impl Segment {
    fn of(rule: &Rule, frame: &Frame, line_height: f64) -> Option<Self> {
        let [from, to] = [rule.from, rule.to].map(|[x, y]| frame.level((f64::from(x), f64::from(y))));
        let is_horizontal = (to.0 - from.0).abs() > (to.1 - from.1).abs();
        let along = |point: (f64, f64)| if is_horizontal { point.0 } else { point.1 };
        let across = |point: (f64, f64)| if is_horizontal { point.1 } else { point.0 };
        let (start, end) = (along(from).min(along(to)), along(from).max(along(to)));
        let at = (across(from) + across(to)) / 2.0;
        (end - start >= line_height * 0.8).then_some(Self { is_horizontal, at, start, end })
    }

    /// Says whether two rules touch, or go on in the same line.
    fn meets(self, other: Self, touch: f64) -> bool {
        if self.is_horizontal == other.is_horizontal {
            return (self.at - other.at).abs() < touch / 2.0
                && self.start <= other.end + touch
                && other.start <= self.end + touch;
        }
        (self.start - touch..=self.end + touch).contains(&other.at)
            && (other.start - touch..=other.end + touch).contains(&self.at)
    }
}

/// Gathers rules that are connected.
fn connect(segments: &[Segment], touch: f64) -> Vec<Vec<Segment>> {
    let mut rest: Vec<Segment> = segments.to_vec();
    let mut nets = Vec::new();
    while let Some(first) = rest.pop() {
        let mut net = vec![first];
        let mut next = 0;
        while let Some(&segment) = net.get(next) {
            let (near, far) = rest.into_iter().partition(|other| segment.meets(*other, touch));
            rest = far;
            net.extend::<Vec<Segment>>(near);
            next += 1;
        }
        nets.push(net);
    }
    nets
}

/// Adds the line above or below a table that no upright line touches: as long as the table is wide, and near it.
fn add_borders(nets: &mut [Vec<Segment>], line_height: f64) {
    let (mut single, mut tables): (Vec<_>, Vec<_>) = nets.iter_mut().partition(|net| net.len() <= 2);
    for net in &mut tables {
        let level = || net.iter().filter(|segment| segment.is_horizontal);
        let [left, right] =
            [level().map(|s| s.start).fold(f64::MAX, f64::min), level().map(|s| s.end).fold(0.0, f64::max)];
        let [top, bottom] = [level().map(|s| s.at).fold(f64::MAX, f64::min), level().map(|s| s.at).fold(0.0, f64::max)];
        for border in &mut single {
            let is_border = border.iter().all(|segment| {
                segment.is_horizontal
                    && (segment.start - left).abs() < line_height
                    && (segment.end - right).abs() < line_height
                    && (top - line_height * 4.0..bottom + line_height * 4.0).contains(&segment.at)
            });
            if is_border {
                net.append(border);
            }
        }
    }
}

/// Connected rules and the rows and columns that they make.
struct Net<'a> {
    segments: &'a [Segment],
    /// Borders of the columns, from left to right.
    xs: Vec<f64>,
    /// Borders of the rows, from top to bottom.
    ys: Vec<f64>,
    touch: f64,
}

impl<'a> Net<'a> {
    fn of(segments: &'a [Segment], line_height: f64) -> Option<Self> {
        let touch = line_height * TOUCH;
        let borders = |is_horizontal: bool| {
            let across = segments.iter().filter(|segment| segment.is_horizontal == is_horizontal);
            let along = segments.iter().filter(|segment| segment.is_horizontal != is_horizontal);
            // a table may have no line at its sides: it ends where the lines across it end
            let ends = along.flat_map(|segment| [segment.start, segment.end]);
            let ends = [ends.clone().fold(f64::MAX, f64::min), ends.fold(f64::MIN, f64::max)];
            cluster(across.map(|segment| segment.at).collect(), ends, touch)
        };
        let (xs, ys) = (borders(false), borders(true));
        let is_table = (3..MAX_SIDE).contains(&xs.len()) && (3..MAX_SIDE).contains(&ys.len());
        is_table.then_some(Self { segments, xs, ys, touch })
    }

    /// Says whether a line is drawn along half of a stretch.
    fn is_drawn(&self, is_horizontal: bool, at: f64, start: f64, end: f64) -> bool {
        let near = self
            .segments
            .iter()
            .filter(|segment| segment.is_horizontal == is_horizontal && (segment.at - at).abs() < self.touch);
        let covered: f64 = near.map(|segment| (segment.end.min(end) - segment.start.max(start)).max(0.0)).sum();
        covered >= (end - start) * 0.5
    }

    fn to_grid(&self, page: &PageContent, words: &[Rect], line_height: f64) -> Option<Grid> {
        let (columns, rows) = (self.xs.len() - 1, self.ys.len() - 1);
        let (areas, owner) = self.join_cells(rows, columns);
        let mut inside = vec![Vec::new(); areas.len()];
        for (word, rect) in words.iter().enumerate() {
            let (x, y) = rect.middle();
            let (column, row) = (self.xs.partition_point(|at| *at <= x), self.ys.partition_point(|at| *at <= y));
            if (1..=columns).contains(&column) && (1..=rows).contains(&row) {
                inside[owner[(row - 1) * columns + column - 1]].push(word);
            }
        }
        let mut cells: Vec<GridCell> = Vec::new();
        for (area, mut inside) in areas.into_iter().zip(inside) {
            let [row, column, row_end, column_end] = area;
            let rect =
                Rect { left: self.xs[column], top: self.ys[row], right: self.xs[column_end], bottom: self.ys[row_end] };
            sort_words(page, &mut inside, words, line_height);
            let [row, column, row_end, column_end] = area.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
            let (row_span, column_span) = (row_end - row, column_end - column);
            cells.push(GridCell { row, column, row_span, column_span, rect, words: inside });
        }
        cells.sort_by_key(|cell| (cell.row, cell.column));
        let filled: Vec<f64> = cells.iter().map(|cell| cell.words.len() as f64).filter(|count| *count > 0.0).collect();
        let is_filled = filled.len() >= 2 && filled.len() * MOST_EMPTY >= cells.len();
        let is_table = is_filled && cells.len() >= 4 && median(filled) <= MAX_WORDS;
        is_table.then(|| Grid {
            rect: around_all(cells.iter().map(|cell| cell.rect)),
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            columns: u32::try_from(columns).unwrap_or(u32::MAX),
            is_ruled: true,
            cells,
        })
    }

    /// Joins places with no line between them to cells: first row, first column, end of both; and says for each place
    /// which cell it belongs to.
    fn join_cells(&self, rows: usize, columns: usize) -> (Vec<[usize; 4]>, Vec<usize>) {
        let mut areas: Vec<[usize; 4]> = Vec::new();
        let mut owner = vec![usize::MAX; rows * columns];
        for row in 0..rows {
            for column in 0..columns {
                if owner[row * columns + column] != usize::MAX {
                    continue;
                }
                let area = self.grow([row, column, row + 1, column + 1], rows, columns, &owner);
                for row in area[0]..area[2] {
                    owner[row * columns + area[1]..row * columns + area[3]].fill(areas.len());
                }
                areas.push(area);
            }
        }
        (areas, owner)
    }

    /// Makes a cell as wide, then as high, as no line stops it; places of other cells do.
    fn grow(&self, mut area: [usize; 4], rows: usize, columns: usize, owner: &[usize]) -> [usize; 4] {
        let (xs, ys) = (&self.xs, &self.ys);
        let [row, column, ..] = area;
        while area[3] < columns
            && owner[row * columns + area[3]] == usize::MAX
            && !self.is_drawn(false, xs[area[3]], ys[row], ys[row + 1])
        {
            area[3] += 1;
        }
        while area[2] < rows
            && (column..area[3]).all(|column| {
                owner[area[2] * columns + column] == usize::MAX
                    && !self.is_drawn(true, ys[area[2]], xs[column], xs[column + 1])
            })
        {
            area[2] += 1;
        }
        area
    }
}

/// Finds where lines run, and adds the outermost ends where no line runs; lines nearer than `touch` are one.
fn cluster(mut lines: Vec<f64>, ends: [f64; 2], touch: f64) -> Vec<f64> {
    lines.extend(ends.into_iter().filter(|end| end.abs() < f64::MAX));
    lines.sort_by(f64::total_cmp);
    let groups = lines.chunk_by(|a, b| b - a < touch);
    groups.map(|group| group.iter().sum::<f64>() / group.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Rule, analyse, sample::page_of};
    use crate::BlockKind;

    #[test]
    fn lines_make_cells_and_missing_lines_make_wide_ones() {
        let text = |text: &str, left: u32, top: u32| (text.to_owned(), left, top, 20);
        let mut page = page_of(&[
            text("A page with a table", 100, 100),
            text("Weather of the week", 120, 210),
            text("Day", 120, 260),
            text("Rain", 320, 260),
            text("Mon", 120, 310),
            text("3.5", 320, 310),
            text("and its end", 100, 400),
        ]);
        let line = |x: u32, y: u32, x2: u32, y2: u32| Rule { from: [x, y], to: [x2, y2] };
        let mut rules: Vec<Rule> = [200, 250, 300, 350].map(|y| line(100, y, 500, y)).to_vec();
        rules.extend([line(100, 200, 100, 350), line(500, 200, 500, 350), line(300, 250, 300, 350)]);
        // a line that is nobody's
        rules.push(line(100, 900, 900, 900));
        analyse(&mut page, &rules);
        let [table] = page.tables.as_slice() else { panic!("{:?}", page.tables) };
        assert_eq!((table.rows, table.columns, table.is_ruled), (3, 2, true));
        let cells: Vec<_> =
            table.cells.iter().map(|cell| (cell.row, cell.column, cell.column_span, cell.text.as_str())).collect();
        let want =
            [(0, 0, 2, "Weather of the week"), (1, 0, 1, "Day"), (1, 1, 1, "Rain"), (2, 0, 1, "Mon"), (2, 1, 1, "3.5")];
        assert_eq!(cells, want);
        assert_eq!(page.text, "A page with a table\n\nWeather of the week\nDay Rain\nMon 3.5\n\nand its end\n");
        assert_eq!(page.blocks.iter().filter(|block| block.kind == BlockKind::Table).count(), 1);
    }
}
