use super::{lines::bounds_of, text::one_line};
use crate::{Bounds, PageContent, Word, is_right_to_left};

/// Writes text whose words stand where they stand on the page, for a font whose letters are all as wide.
pub(super) fn write_page(out: &mut String, page: &PageContent) {
    let Some(grid) = Grid::measure(page) else { return };
    let mut last: Option<f64> = None;
    for row in find_rows(page, grid.line_height) {
        if let Some(last) = last {
            out.push_str(&"\n".repeat(grid.blank_lines(row.middle - last)));
        }
        last = Some(row.middle);
        write_row(out, &row, &grid);
    }
}

/// How pixels become places of letters.
struct Grid {
    /// Left edge of what is leftmost, in pixels.
    left: u32,
    /// Width of a letter in pixels.
    letter: f64,
    /// Median height of the words in pixels.
    line_height: f64,
}

impl Grid {
    /// Gives `None` for a page without words.
    fn measure(page: &PageContent) -> Option<Self> {
        let [left, _, right, _] = bounds_of(&page.words);
        let width = |b: Bounds| f64::from(b[2].saturating_sub(b[0])).max(1.0);
        let letters = |word: &Word| word.text.chars().count().max(1) as f64;
        let long = page.words.iter().filter(|word| word.text.chars().nth(2).is_some());
        let letter = median(long.map(|word| width(word.bounds) / letters(word)))
            .or_else(|| median(page.words.iter().map(|word| width(word.bounds) / letters(word))))?;
        let line_height =
            median(page.words.iter().map(|word| f64::from(word.bounds[3].saturating_sub(word.bounds[1]))))?;
        // however small its letters are, a page is not wider than this
        let narrowest = f64::from(right.saturating_sub(left)) / MAX_COLUMNS;
        Some(Self { left, letter: letter.max(narrowest).max(1.0), line_height: line_height.max(1.0) })
    }

    fn column(&self, x: u32) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most MAX_COLUMNS")]
        let column = (f64::from(x.saturating_sub(self.left)) / self.letter).round() as usize;
        column
    }

    /// Says how many empty lines stand for a distance between two rows.
    fn blank_lines(&self, distance: f64) -> usize {
        // lines of running text are 1.2 to 2 heights apart; what is further has a gap
        let lines = (distance / (self.line_height * 1.6)).round() - 1.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5")]
        let lines = lines.clamp(0.0, 5.0) as usize;
        lines
    }
}

const MAX_COLUMNS: f64 = 400.0;

/// Lines of the page that stand side by side.
struct Row<'a> {
    /// Middle of its first line, in pixels from the top of the straightened page.
    middle: f64,
    /// Left edge and words of each line.
    lines: Vec<&'a [Word]>,
}

fn find_rows(page: &PageContent, line_height: f64) -> Vec<Row<'_>> {
    let slope = f64::from(page.skew_deg).to_radians().tan();
    let slope = if slope.is_finite() && slope.abs() < 1.0 { slope } else { 0.0 };
    let mut lines: Vec<(f64, &[Word])> = page
        .words
        .chunk_by(|a, b| a.line == b.line && a.block == b.block)
        .map(|words| {
            let [left, top, right, bottom] = bounds_of(words).map(f64::from);
            ((top + bottom) / 2.0 - slope * (left + right) / 2.0, words)
        })
        .collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (middle, words) in lines {
        match rows.last_mut() {
            Some(row) if middle - row.middle < line_height * 0.5 && !row.covers(words) => row.lines.push(words),
            _ => rows.push(Row { middle, lines: vec![words] }),
        }
    }
    for row in &mut rows {
        row.lines.sort_by_key(|words| bounds_of(words)[0]);
    }
    rows
}

impl Row<'_> {
    fn covers(&self, words: &[Word]) -> bool {
        let [left, _, right, _] = bounds_of(words);
        self.lines.iter().map(|line| bounds_of(line)).any(|line| line[0] < right && left < line[2])
    }
}

fn write_row(out: &mut String, row: &Row<'_>, grid: &Grid) {
    let mut column = 0;
    let mut put = |x: u32, text: &str| {
        let pad = grid.column(x).saturating_sub(column).max(usize::from(column > 0));
        out.push_str(&" ".repeat(pad));
        out.push_str(text);
        column += pad + text.chars().count();
    };
    for line in &row.lines {
        let clean = |word: &Word| one_line(&word.text);
        if line.iter().any(|word| is_right_to_left(&word.text)) {
            // whoever shows the line turns it round: its words keep their order and its left edge its place
            put(bounds_of(line)[0], &line.iter().map(clean).collect::<Vec<_>>().join(" "));
        } else {
            line.iter().for_each(|word| put(word.bounds[0], &clean(word)));
        }
    }
    out.push('\n');
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, left: u32, top: u32, line: u32) -> Word {
        let width = 10 * u32::try_from(text.chars().count()).unwrap();
        Word { text: text.into(), bounds: [left, top, left + width, top + 20], line, ..Word::default() }
    }

    #[test]
    fn words_stand_where_they_stand_on_the_page() {
        // two columns, read one after the other; then a gap and a footer
        let words = vec![
            word("left", 100, 100, 0),
            word("one", 150, 100, 0),
            word("left", 100, 130, 1),
            word("two", 150, 130, 1),
            word("right", 300, 103, 2),
            word("right", 300, 133, 3),
            word("7", 200, 300, 4),
        ];
        let page = PageContent { words, ..PageContent::default() };
        let mut text = String::new();
        write_page(&mut text, &page);
        assert_eq!(text, "left one            right\nleft two            right\n\n\n\n\n          7\n");
    }

    #[test]
    fn a_slanted_row_stays_one_row() {
        let words = vec![word("Item", 0, 100, 0), word("9.50", 1000, 187, 1), word("Next", 0, 140, 2)];
        let page = PageContent { words, skew_deg: 5.0, ..PageContent::default() };
        let mut text = String::new();
        write_page(&mut text, &page);
        assert_eq!(text.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(), ["Item", "9.50"]);
    }
}
