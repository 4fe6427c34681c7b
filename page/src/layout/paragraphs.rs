use super::{
    Item,
    kinds::starts_list,
    lines::Line,
    order::Place,
    rect::{median, quantile},
};
use crate::{BlockKind, PageContent};

/// A block in the making.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Its items, in reading order; at least one.
    pub(super) items: Vec<usize>,
    pub(super) group: u32,
    pub(super) column: u32,
    pub(super) kind: BlockKind,
    pub(super) level: u8,
}

/// Joins lines to paragraphs.
pub(super) fn find(page: &PageContent, items: &[Item<'_>], order: &[Place], line_height: f64) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for group in order.chunk_by(|a, b| a.group == b.group) {
        let lines = group.iter().filter_map(|place| match items[place.item] {
            Item::Line(line) => Some(line),
            Item::Table(_) => None,
        });
        let measure = Measure::of(&lines.collect::<Vec<_>>(), line_height);
        let mut before: Vec<&Line> = Vec::new();
        for (at, place) in group.iter().enumerate() {
            let line = match items[place.item] {
                Item::Line(line) => line,
                Item::Table(_) => {
                    before.clear();
                    drafts.push(draft(place, BlockKind::Table));
                    continue;
                }
            };
            let next = group.get(at + 1).and_then(|next| match items[next.item] {
                Item::Line(line) => Some(line),
                Item::Table(_) => None,
            });
            match drafts.last_mut() {
                Some(draft) if !before.is_empty() && !measure.is_break(page, &before, line, next) => {
                    draft.items.push(place.item);
                }
                _ => {
                    before.clear();
                    drafts.push(draft(place, BlockKind::Paragraph));
                }
            }
            before.push(line);
        }
    }
    drafts
}

fn draft(place: &Place, kind: BlockKind) -> Draft {
    Draft { items: vec![place.item], group: place.group, column: place.column, kind, level: 0 }
}

/// What is usual in a column, in pixels.
struct Measure {
    left: f64,
    right: f64,
    /// From the middle of a line to that of the next.
    pitch: f64,
    line_height: f64,
}

impl Measure {
    fn of(lines: &[&Line], line_height: f64) -> Self {
        let steps = lines.windows(2).map(|pair| pair[1].rect.middle().1 - pair[0].rect.middle().1);
        let steps: Vec<f64> = steps.filter(|step| (line_height * 0.6..line_height * 3.0).contains(step)).collect();
        let pitch = if steps.is_empty() { line_height * 1.5 } else { quantile(steps, 0.4) };
        let left = quantile(lines.iter().map(|line| line.rect.left), 0.1);
        let right = quantile(lines.iter().map(|line| line.rect.right), 0.9);
        Self { left, right, pitch, line_height }
    }

    /// Says whether a paragraph ends before a line. `before` are the paragraph's lines so far, at least one.
    fn is_break(&self, page: &PageContent, before: &[&Line], line: &Line, next: Option<&Line>) -> bool {
        let Some(&last) = before.last() else { return true };
        let step = line.rect.middle().1 - last.rect.middle().1;
        let height = self.line_height;
        let (smaller, larger) = (line.height.min(last.height), line.height.max(last.height));
        let is_beside = step < height * 0.5;
        if !is_beside && smaller > height * 1.16 && are_one_title(before, line) {
            return false;
        }
        // a gap, a step upwards or sideways, letters of another size
        let is_aside = line.rect.shared_width(last.rect) == 0.0;
        if (is_beside || is_aside) && line.block != last.block
            || step < -height * 0.5
            || step > self.pitch * 1.35 + height * 0.1
        {
            return true;
        }
        // a line of several words is measured several times
        let least = if line.words.len() + last.words.len() > 2 { 1.3 } else { 1.45 };
        if larger > smaller * least
            || smaller > height * 1.16 && are_titles(last, line)
            || starts_list(page, line)
            || before.len() == 1 && is_byline(page, line)
        {
            return true;
        }
        let first = before.first().map_or(self.left, |line| line.rect.left);
        let is_indented = line.rect.left > self.left + height * 0.8;
        // the lines of a list entry and of a quotation stand below each other
        let follows_indent = (line.rect.left - last.rect.left).abs() < height * 0.6
            || line.rect.left > first + height * 0.6 && before.len() == 1 && starts_list(page, last);
        let is_first_line = is_indented
            && !follows_indent
            && !goes_on(page, last, line)
            && next.is_none_or(|next| next.rect.left < line.rect.left - height * 0.5);
        is_first_line || line.block != last.block && (self.ends(page, last, line) || step > self.pitch * 1.2)
    }

    /// Says whether a line is the last of a paragraph: the next word had room on it, and doesn't go on in the middle of
    /// a sentence. A line is a bit short wherever the next word was too long.
    fn ends(&self, page: &PageContent, last: &Line, next: &Line) -> bool {
        let [left, _, right, _] = page.words[next.words[0]].bounds;
        let room = self.right - last.rect.right - f64::from(right.saturating_sub(left));
        room > self.line_height && !goes_on(page, last, next)
    }
}

/// Says whether a line goes on in a title of large print, whatever the engine's paragraphs are.
fn are_one_title(before: &[&Line], line: &Line) -> bool {
    /// Words in a line of a title.
    const MOST_WORDS: usize = 10;
    let is_short = |line: &Line| line.words.len() <= MOST_WORDS;
    let Some(last) = before.last() else { return false };
    let (smaller, larger) = (line.height.min(last.height), line.height.max(last.height));
    before.len() < 3
        && larger < smaller * 1.15
        && is_short(last)
        && is_short(line)
        && line.rect.shared_width(last.rect) > 0.5
        && line.rect.middle().1 - last.rect.middle().1 < larger * 1.5
        && !are_titles(last, line)
}

/// Says whether a line names an author: `by Jane Doe`.
pub(super) fn is_byline(page: &PageContent, line: &Line) -> bool {
    let mut words = line.words.iter().map(|&word| page.words[word].text.as_str());
    words.next().is_some_and(|word| word == "by" || word == "By")
        && (3..=6).contains(&line.words.len())
        && words.all(|word| word.starts_with(char::is_uppercase))
}

/// Says whether two lines of large print are a title each: further apart than lines of one title, or standing
/// neither below each other nor around one middle.
fn are_titles(last: &Line, line: &Line) -> bool {
    let height = line.height.max(last.height);
    let (above, below) = (last.rect, line.rect);
    let is_far = |a: f64, b: f64| (a - b).abs() > height;
    let is_unaligned = is_far(above.left, below.left)
        && is_far(above.right, below.right)
        && is_far(above.middle().0, below.middle().0);
    below.middle().1 - above.middle().1 > height * 1.7 || is_unaligned
}

/// Says whether a line goes on in the middle of the last one's sentence, as far as letters tell.
fn goes_on(page: &PageContent, last: &Line, next: &Line) -> bool {
    let (before, after) = (&page.words[last.words[last.words.len() - 1]], &page.words[next.words[0]]);
    let is_sentence = before.text.trim_end_matches(['"', '”', '’', ')']).ends_with(['.', '!', '?', ':']);
    after.text.starts_with(char::is_lowercase) && !is_sentence
}

/// Gives the height of most of a block's lines.
pub(super) fn height_of(items: &[Item<'_>], draft: &Draft) -> f64 {
    median(draft.items.iter().filter_map(|&item| match items[item] {
        Item::Line(line) => Some(line.height),
        Item::Table(_) => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{column, page_of, put_in_blocks, uneven_column};
    use crate::layout::analyse;

    #[test]
    fn gaps_and_indents_part_paragraphs() {
        // the engine took every line for a paragraph
        let mut lines = column("one", 100, 100, 5);
        lines.extend(column("two", 100, 270, 4));
        let mut indented = column("three", 100, 390, 4);
        indented[0].1 = 140;
        lines.extend(indented);
        let mut page = page_of(&lines);
        analyse(&mut page, &[]);
        let blocks: Vec<usize> = page
            .words
            .chunk_by(|a, b| a.block == b.block)
            .map(|words| words.chunk_by(|a, b| a.line == b.line).count())
            .collect();
        assert_eq!(blocks, [5, 4, 4]);
        assert_eq!(page.blocks.len(), 3);
    }

    #[test]
    fn short_lines_part_no_paragraph() {
        // the engine began a paragraph after each line that is a bit short
        let lines = [uneven_column("one", 100, 100, 15), uneven_column("two", 100, 580, 9)].concat();
        let mut page = page_of(&lines);
        put_in_blocks(&mut page, &[3, 2, 1, 1, 1, 3, 4, 2, 1, 3, 3]);
        analyse(&mut page, &[]);
        let lines = page.words.chunk_by(|a, b| a.block == b.block).map(|words| {
            let first = words[0].text.as_str();
            (first, words.chunk_by(|a, b| a.line == b.line).count())
        });
        assert_eq!(lines.collect::<Vec<_>>(), [("one", 15), ("two", 9)]);
    }
}
