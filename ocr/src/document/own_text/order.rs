use super::rows::Segment;

/// A line: places of its segments from left to right.
pub(super) type Line = Vec<usize>;

/// Columns inside columns are cut this often.
const MAX_DEPTH: u32 = 6;

/// Puts segments into reading order: blocks of lines. Columns of prose are read one after the other; rows of short
/// pieces (tables, forms) from left to right.
pub(super) fn order_blocks(segments: &[Segment]) -> Vec<Vec<Line>> {
    let mut order = Order { segments, blocks: Vec::new() };
    order.arrange((0..segments.len()).collect(), 0);
    order.blocks
}

struct Order<'s> {
    segments: &'s [Segment],
    blocks: Vec<Vec<Line>>,
}

/// Segments that stand side by side.
type Band = Vec<usize>;
/// Where nothing stands from top to bottom of a part of the page.
type Gutter = (f64, f64);

impl Order<'_> {
    fn arrange(&mut self, places: Vec<usize>, depth: u32) {
        let bands = self.split_bands(places);
        let Some((region, gutter_width)) = self.measure(&bands) else { return };
        let interior =
            |free: &[Gutter]| free.iter().any(|&(a, b)| a > region.0 && b < region.1 && b - a >= gutter_width);
        let mut group: Vec<Band> = Vec::new();
        let mut free = vec![region];
        for band in bands {
            let joined = self.subtract(&free, &band, gutter_width);
            let alone = self.subtract(&[region], &band, gutter_width);
            let fits = interior(&joined) || (!interior(&free) && !interior(&alone));
            if group.is_empty() || fits {
                free = joined;
            } else {
                self.finish_group(std::mem::take(&mut group), &free, region, gutter_width, depth);
                free = alone;
            }
            group.push(band);
        }
        self.finish_group(group, &free, region, gutter_width, depth);
    }

    /// Splits a part of the page where a level cut meets no letter.
    fn split_bands(&self, mut places: Vec<usize>) -> Vec<Band> {
        places.sort_by(|&a, &b| self.segments[a].top.total_cmp(&self.segments[b].top));
        let mut bands: Vec<Band> = Vec::new();
        let mut bottom = f64::NEG_INFINITY;
        for place in places {
            let segment = &self.segments[place];
            // lines that are set tight overlap a little
            if segment.top >= bottom - 0.15 * segment.size {
                bands.push(Vec::new());
            }
            bottom = bottom.max(segment.bottom);
            if let Some(band) = bands.last_mut() {
                band.push(place);
            }
        }
        bands
    }

    /// Gives from where to where the text goes, and how wide a gap parts columns: a little less than a line is high.
    fn measure(&self, bands: &[Band]) -> Option<(Gutter, f64)> {
        let all = || bands.iter().flatten().map(|&place| &self.segments[place]);
        let start = all().map(|segment| segment.start).reduce(f64::min)?;
        let end = all().map(|segment| segment.end).reduce(f64::max)?;
        let mut sizes: Vec<f64> = all().map(|segment| segment.size).collect();
        sizes.sort_by(f64::total_cmp);
        Some(((start, end), 0.9 * sizes[sizes.len() / 2]))
    }

    fn subtract(&self, free: &[Gutter], band: &[usize], narrowest: f64) -> Vec<Gutter> {
        let mut left = free.to_vec();
        for &place in band {
            let (start, end) = (self.segments[place].start, self.segments[place].end);
            let cut = |(a, b): Gutter| {
                let parts = if end <= a || start >= b { [(a, b), (b, b)] } else { [(a, start), (end, b)] };
                parts.into_iter().filter(|&(a, b)| b - a >= narrowest)
            };
            left = left.into_iter().flat_map(cut).collect();
        }
        left
    }

    fn finish_group(&mut self, group: Vec<Band>, free: &[Gutter], region: Gutter, narrowest: f64, depth: u32) {
        let gutters: Vec<Gutter> =
            free.iter().copied().filter(|&(a, b)| a > region.0 && b < region.1 && b - a >= narrowest).collect();
        let rows = group.len();
        let places: Vec<usize> = group.into_iter().flatten().collect();
        let mut columns: Vec<Vec<usize>> = vec![Vec::new(); gutters.len() + 1];
        for &place in &places {
            let column = gutters.iter().take_while(|gutter| self.segments[place].start >= gutter.1).count();
            columns[column].push(place);
        }
        columns.retain(|column| !column.is_empty());
        if rows > 0 && columns.len() > 1 && depth < MAX_DEPTH && self.are_prose(&columns) {
            for column in columns {
                self.arrange(column, depth + 1);
            }
        } else {
            self.finish_lines(places);
        }
    }

    /// Says whether columns hold running text: several lines, none of a few letters only.
    fn are_prose(&self, columns: &[Vec<usize>]) -> bool {
        /// About fourteen letters, in font sizes.
        const SHORTEST: f64 = 7.0;
        let is_prose = |column: &Vec<usize>| {
            let width = |&place: &usize| {
                let segment = &self.segments[place];
                (segment.end - segment.start) / segment.size
            };
            let mut widths: Vec<f64> = column.iter().map(width).collect();
            widths.sort_by(f64::total_cmp);
            widths.len() >= 2 && widths[widths.len() / 2] >= SHORTEST
        };
        columns.iter().all(is_prose)
    }

    /// Reads a column line by line and starts a new block where the lines show one.
    fn finish_lines(&mut self, mut places: Vec<usize>) {
        places.sort_by(|&a, &b| {
            let (a, b) = (&self.segments[a], &self.segments[b]);
            a.row.cmp(&b.row).then(a.start.total_cmp(&b.start))
        });
        let mut block = Block::default();
        for line in places.chunk_by(|&a, &b| self.segments[a].row == self.segments[b].row) {
            let first = &self.segments[line[0]];
            if block.ends_before(first) {
                self.blocks.push(std::mem::take(&mut block).lines);
            }
            block.add(line.to_vec(), first);
        }
        if !block.lines.is_empty() {
            self.blocks.push(block.lines);
        }
    }
}

/// A block that grows downwards.
#[derive(Default)]
struct Block {
    lines: Vec<Line>,
    baseline: f64,
    size: f64,
    /// Usual distance between two of its lines.
    leading: Option<f64>,
    /// Where its last two lines start.
    starts: [f64; 2],
}

impl Block {
    fn ends_before(&self, next: &Segment) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let distance = next.baseline - self.baseline;
        let widest = self.leading.map_or(2.0 * self.size.max(next.size), |leading| 1.35 * leading);
        let ratio = (next.size / self.size).max(self.size / next.size);
        let is_even = self.lines.len() > 1 && (self.starts[0] - self.starts[1]).abs() < 0.3 * self.size;
        let indent = (next.start - self.starts[1]) / self.size;
        distance > widest || ratio > 1.2 || (is_even && (0.8..5.0).contains(&indent))
    }

    fn add(&mut self, line: Line, first: &Segment) {
        if !self.lines.is_empty() {
            let distance = (first.baseline - self.baseline).max(0.5 * first.size);
            // an earlier recognition places its lines unevenly: three parts old, one part new
            self.leading = Some(self.leading.map_or(distance, |leading| 0.75 * leading + 0.25 * distance));
        }
        (self.baseline, self.size) = (first.baseline, first.size);
        self.starts = [self.starts[1], first.start];
        self.lines.push(line);
    }
}
