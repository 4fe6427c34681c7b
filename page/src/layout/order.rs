use super::{
    Item,
    rect::{Rect, around_all, median},
};

/// A place in the reading order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which item.
    pub(super) item: usize,
    /// Part of the page: items of different groups are never one paragraph.
    pub(super) group: u32,
    /// Column of the page, from 0.
    pub(super) column: u32,
}

/// Finds the reading order. The engine's own order stays, unless it goes upwards within a column or jumps between
/// columns of text, and more often than the order by white space tears the engine's paragraphs; or the page is a form
/// whose values the engine read after all of the labels.
pub(super) fn find(items: &[Item<'_>], line_height: f64, is_form: bool) -> Vec<Place> {
    let rects: Vec<Rect> = items.iter().map(Item::rect).collect();
    let mut cutter = Cutter { rects: &rects, line_height, groups: 0, order: Vec::new() };
    if items.len() <= MAX_ITEMS {
        cutter.read((0..items.len()).collect(), 0, 0);
    } else {
        cutter.order = (0..items.len()).map(|item| Place { item, group: 0, column: 0 }).collect();
    }
    let order = cutter.order;
    let mut given = order.clone();
    given.sort_by_key(|place| items[place.item].first_word());
    if is_form {
        return order;
    }
    let given_faults = count_jumps(&given, &rects, line_height);
    if given_faults <= count_tears(items, &given, &order, line_height) { given } else { order }
}

/// Counts where an order goes upwards within a column, or comes back to a part of the page that it had left.
fn count_jumps(order: &[Place], rects: &[Rect], line_height: f64) -> usize {
    let goes_up = |pair: &&[Place]| {
        let (before, after) = (rects[pair[0].item], rects[pair[1].item]);
        after.middle().1 < before.middle().1 - line_height / 2.0 && before.shared_width(after) > 0.3
    };
    let mut groups: Vec<u32> = order.iter().map(|place| place.group).collect();
    groups.dedup();
    let runs = groups.len();
    groups.sort_unstable();
    groups.dedup();
    // one line that is read late is not worth another order
    order.windows(2).filter(goes_up).count() + runs.saturating_sub(groups.len() + 1)
}

/// Counts the lines of the engine's paragraphs, one below the other, that another order tears apart.
fn count_tears(items: &[Item<'_>], given: &[Place], order: &[Place], line_height: f64) -> usize {
    let mut places = vec![0; items.len()];
    order.iter().enumerate().for_each(|(at, place)| places[place.item] = at);
    let is_torn = |pair: &&[Place]| match (items[pair[0].item], items[pair[1].item]) {
        (Item::Line(a), Item::Line(b)) => {
            let step = b.rect.middle().1 - a.rect.middle().1;
            let is_below = (line_height * 0.5..line_height * 3.0).contains(&step) && a.rect.shared_width(b.rect) > 0.3;
            a.block == b.block && is_below && places[pair[1].item] != places[pair[0].item] + 1
        }
        _ => false,
    };
    given.windows(2).filter(is_torn).count()
}

/// Cuts a page at white space into bands and columns.
struct Cutter<'a> {
    rects: &'a [Rect],
    line_height: f64,
    groups: u32,
    order: Vec<Place>,
}

/// More lines than a page has: cutting compares many of them with many others.
const MAX_ITEMS: usize = 3000;
/// Columns within columns are read so deep.
const MAX_DEPTH: u32 = 3;

/// Least width of the white space between two columns, as a fraction of the line height; newspapers have little.
const GUTTER: f64 = 0.6;

/// A stretch of x, in pixels.
type Gap = (f64, f64);

impl Cutter<'_> {
    fn read(&mut self, items: Vec<usize>, column: u32, depth: u32) {
        for band in self.find_bands(items) {
            let columns = self.split_columns(&band);
            match columns.as_slice() {
                [_, _, ..] if depth < MAX_DEPTH => {
                    for (place, items) in (0..).zip(columns) {
                        self.read(items, column + place, depth + 1);
                    }
                }
                _ => self.read_across(band, column),
            }
        }
    }

    /// Reads rows from top to bottom, each from left to right.
    fn read_across(&mut self, mut items: Vec<usize>, column: u32) {
        self.groups += 1;
        let group = self.groups;
        items.sort_by(|a, b| self.rects[*a].middle().1.total_cmp(&self.rects[*b].middle().1));
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for item in items {
            let middle = |item: usize| self.rects[item].middle().1;
            match rows.last_mut() {
                Some(row) if middle(item) - middle(row[0]) < self.line_height / 2.0 => row.push(item),
                _ => rows.push(vec![item]),
            }
        }
        for mut row in rows {
            row.sort_by(|a, b| self.rects[*a].left.total_cmp(&self.rects[*b].left));
            self.order.extend(row.into_iter().map(|item| Place { item, group, column }));
        }
    }

    /// Splits items into strips with nothing but white space between them, and joins neighbours that have the same
    /// columns, or none.
    fn find_bands(&self, mut items: Vec<usize>) -> Vec<Vec<usize>> {
        items.sort_by(|a, b| self.rects[*a].top.total_cmp(&self.rects[*b].top));
        let mut strips: Vec<(f64, Vec<usize>)> = Vec::new();
        for item in items {
            let Rect { top, bottom, .. } = self.rects[item];
            match strips.last_mut() {
                Some((end, strip)) if top < *end => {
                    *end = end.max(bottom);
                    strip.push(item);
                }
                _ => strips.push((bottom, vec![item])),
            }
        }
        let mut bands: Vec<Vec<usize>> = Vec::new();
        for (_, strip) in strips {
            let Some(band) = bands.last_mut() else {
                bands.push(strip);
                continue;
            };
            let both: Vec<usize> = band.iter().chain(&strip).copied().collect();
            let have_none = self.find_gaps(band).is_empty() && self.find_gaps(&strip).is_empty();
            if have_none || !self.find_gaps(&both).is_empty() {
                *band = both;
            } else {
                bands.push(strip);
            }
        }
        bands
    }

    /// Finds the stretches of x within the items that none of them covers, wide enough for a gutter.
    fn find_gaps(&self, items: &[usize]) -> Vec<Gap> {
        let mut spans: Vec<Gap> = items.iter().map(|&item| (self.rects[item].left, self.rects[item].right)).collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut gaps = Vec::new();
        let mut end = f64::MAX;
        for (left, right) in spans {
            if left - end >= self.line_height * GUTTER {
                gaps.push((end, left));
            }
            end = if end == f64::MAX { right } else { end.max(right) };
        }
        gaps
    }

    /// Splits a band into columns of running text; gives one column when there are none such.
    fn split_columns(&self, band: &[usize]) -> Vec<Vec<usize>> {
        let mut gaps = self.find_gaps(band);
        loop {
            let mut columns = vec![Vec::new(); gaps.len() + 1];
            for &item in band {
                let x = self.rects[item].middle().0;
                columns[gaps.iter().filter(|gap| gap.1 <= x).count()].push(item);
            }
            let Some(bad) = columns.iter().position(|column| !self.is_text(column)) else { return columns };
            if gaps.is_empty() {
                return columns;
            }
            // what is no column of its own belongs to the nearer neighbour
            let width = |at: usize| gaps.get(at).map_or(f64::MAX, |gap| gap.1 - gap.0);
            let is_left_nearer = bad > 0 && width(bad - 1) <= width(bad);
            gaps.remove(if is_left_nearer { bad - 1 } else { bad });
        }
    }

    /// Says whether items are a column of running text: at least three lines, most of them many letters wide.
    fn is_text(&self, column: &[usize]) -> bool {
        let bounds = around_all(column.iter().map(|&item| self.rects[item]));
        column.len() >= 3
            && bounds.height() >= self.line_height * 3.0
            && median(column.iter().map(|&item| self.rects[item].width())) >= self.line_height * 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{column, page_of, put_in_blocks, texts, uneven_column};
    use crate::layout::{Rule, analyse};

    #[test]
    fn columns_are_read_one_after_the_other() {
        let heading = vec![("A heading across the columns of the page".to_owned(), 100, 40, 44)];
        let (left, right) = (column("left", 100, 140, 12), column("right", 620, 148, 12));
        let lines = [heading.clone(), left.clone(), right.clone()].concat();
        let mut page = page_of(&lines);
        analyse(&mut page, &[]);
        let sorted = page_of(&lines);
        let want = texts(&sorted);
        assert_eq!(texts(&page), want);
        assert_eq!(page.blocks.iter().map(|block| block.column).collect::<Vec<_>>(), [0, 0, 1]);
        // the same words in an order that nobody would read in
        let zipped = left.iter().zip(&right).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
        for lines in [[heading.clone(), zipped].concat(), [right, left, heading].concat()] {
            let mut page = page_of(&lines);
            analyse(&mut page, &[]);
            assert_eq!(texts(&page), want);
        }
    }

    #[test]
    fn a_magazine_is_read_by_column_whatever_its_photographs_show() {
        // a line that the engine found late, a title over two columns, and columns that don't stand level
        let lines = [
            uneven_column("first", 60, 210, 11),
            vec![("first of all".to_owned(), 60, 180, 20)],
            uneven_column("second", 400, 172, 26),
            uneven_column("third", 800, 177, 26),
            vec![("A title across two columns".to_owned(), 400, 1000, 44)],
        ];
        let mut page = page_of(&lines.concat());
        put_in_blocks(&mut page, &[1, 10, 1, 26, 26, 1]);
        // edges in a photograph below the first column, some of them within the second
        let mut rules: Vec<Rule> =
            (0..9).map(|at| Rule { from: [20, 600 + 40 * at], to: [470, 600 + 40 * at] }).collect();
        rules.extend((0..6).map(|at| Rule { from: [20 + 90 * at, 600], to: [20 + 90 * at, 920] }));
        let late = lines[1].clone();
        let sorted = page_of(&[late, lines[0].clone(), lines[2].clone(), lines[3].clone(), lines[4].clone()].concat());
        for rules in [rules, Vec::new()] {
            let mut page = page.clone();
            analyse(&mut page, &rules);
            assert_eq!(texts(&page), texts(&sorted));
            assert!(page.tables.is_empty());
        }
        // even where a line across the columns hides the white space between them, no column is torn
        let across = vec![("a line of the next page that seems to run through all of the columns".into(), 60, 300, 20)];
        let mut page = page_of(&[lines.concat(), across].concat());
        put_in_blocks(&mut page, &[1, 10, 1, 26, 26, 1, 1]);
        analyse(&mut page, &[]);
        let text = texts(&page).join(" ");
        for column in &lines[2..4] {
            let whole: Vec<&str> = column.iter().map(|line| line.0.as_str()).collect();
            assert!(text.contains(&whole.join(" ")), "{text}");
        }
    }
}
