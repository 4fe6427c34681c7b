use super::{
    Item, headings,
    lines::Line,
    paragraphs::{Draft, height_of},
    rect::{Rect, around_all},
};
use crate::{BULLETS, BlockKind, MISREAD_BULLETS, PageContent};

/// Finds headings, list entries, headers and footers among the paragraphs.
pub(super) fn find(page: &PageContent, items: &[Item<'_>], drafts: &mut [Draft], line_height: f64) {
    if drafts.len() > MAX_BLOCKS {
        return;
    }
    find_lists(page, items, drafts, line_height);
    find_margins(page, items, drafts, line_height);
    headings::find(page, items, drafts, line_height);
}

/// More blocks than a page has: some are compared with all others.
const MAX_BLOCKS: usize = 2000;

pub(super) fn rect_of(items: &[Item<'_>], draft: &Draft) -> Rect {
    around_all(draft.items.iter().map(|&item| items[item].rect()))
}

pub(super) fn first_line<'a>(items: &[Item<'a>], draft: &Draft) -> Option<&'a Line> {
    match items[draft.items[0]] {
        Item::Line(line) => Some(line),
        Item::Table(_) => None,
    }
}

pub(super) fn word<'a>(page: &'a PageContent, line: &Line, place: usize) -> Option<&'a str> {
    line.words.get(place).map(|&word| page.words[word].text.as_str())
}

/// What a line of a list begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// A sign that is nothing but a bullet.
    Bullet,
    /// A sign that may be a bullet, such as a dash.
    Sign(char),
    /// A number or letter with a dot or bracket: how it counts.
    Count(u32),
}

fn start_of(page: &PageContent, line: &Line) -> Option<Start> {
    let first = word(page, line, 0)?;
    // something must follow
    word(page, line, 1)?;
    let mut letters = first.chars();
    let letter = letters.next()?;
    if letters.next().is_none() {
        return match letter {
            '-' | '–' | '—' | '*' | '·' => Some(Start::Sign(letter)),
            letter if MISREAD_BULLETS.contains(&letter) => Some(Start::Sign(MISREAD_BULLETS[0])),
            letter if BULLETS.contains(&letter) => Some(Start::Bullet),
            letter if hangs(page, line) => letter.to_digit(10).map(Start::Count),
            _ => None,
        };
    }
    let count = match first.strip_suffix(['.', ')']) {
        Some(count) => count.trim_start_matches('('),
        None if first.parse::<u32>().is_ok() && hangs(page, line) => first,
        None => return None,
    };
    let single = count.chars().next().filter(|_| count.chars().count() == 1);
    match (count.parse::<u32>(), single) {
        (Ok(number), _) if number <= 200 => Some(Start::Count(number)),
        (_, Some(letter)) if letter.is_ascii_lowercase() => Some(Start::Count(u32::from(letter) - u32::from('a') + 1)),
        _ => None,
    }
}

/// Says whether a line's first word stands apart from the rest, as the number of an entry does.
fn hangs(page: &PageContent, line: &Line) -> bool {
    let bounds = |place: usize| line.words.get(place).map(|&word| page.words[word].bounds);
    let (Some(first), Some(next)) = (bounds(0), bounds(1)) else { return false };
    f64::from(next[0].saturating_sub(first[2])) > line.height * 0.9
}

/// Says whether a line looks like the start of a list entry.
pub(super) fn starts_list(page: &PageContent, line: &Line) -> bool {
    start_of(page, line).is_some()
}

/// Marks list entries. A single number or dash is none: another entry must stand near it, and numbers must count.
fn find_lists(page: &PageContent, items: &[Item<'_>], drafts: &mut [Draft], line_height: f64) {
    let starts: Vec<Option<(Start, f64)>> = drafts
        .iter()
        .map(|draft| first_line(items, draft).and_then(|line| Some((start_of(page, line)?, line.rect.left))))
        .collect();
    let is_pair = |a: Option<(Start, f64)>, b: Option<(Start, f64)>| match (a, b) {
        (Some((Start::Count(a), x)), Some((Start::Count(b), y))) => a + 1 == b && (x - y).abs() < line_height * 1.5,
        (Some((Start::Sign(a), x)), Some((Start::Sign(b), y))) => a == b && (x - y).abs() < line_height,
        _ => false,
    };
    let mut lefts: Vec<f64> = Vec::new();
    for at in 0..drafts.len() {
        let Some((start, left)) = starts[at] else { continue };
        // entries of an inner list may stand between two of an outer one
        let is_entry = start == Start::Bullet
            || (1..=6).any(|far| starts.get(at + far).is_some_and(|other| is_pair(starts[at], *other)))
            || (1..=6).any(|far| at >= far && is_pair(starts[at - far], starts[at]));
        if !is_entry {
            continue;
        }
        let is_list = at > 0 && drafts[at - 1].kind == BlockKind::ListItem && drafts[at - 1].group == drafts[at].group;
        if !is_list {
            lefts.clear();
        }
        lefts.retain(|other| *other < left + line_height * 0.7);
        if lefts.last().is_none_or(|other| *other < left - line_height * 0.7) {
            lefts.push(left);
        }
        drafts[at].kind = BlockKind::ListItem;
        drafts[at].level = u8::try_from(lefts.len()).unwrap_or(u8::MAX);
    }
}

/// Marks the running title above and the footer below the text: one or two lines near the edge, with a gap to the
/// rest, no larger than running text.
fn find_margins(page: &PageContent, items: &[Item<'_>], drafts: &mut [Draft], line_height: f64) {
    let all = around_all(drafts.iter().map(|draft| rect_of(items, draft)));
    let height = f64::from(page.height).max(1.0);
    let rects: Vec<Rect> = drafts.iter().map(|draft| rect_of(items, draft)).collect();
    let lines: usize = drafts.iter().map(|draft| draft.items.len()).sum();
    for at in 0..drafts.len() {
        let rect = rects[at];
        let is_plain = drafts[at].kind == BlockKind::Paragraph
            && drafts[at].items.len() <= 2
            && height_of(items, &drafts[at]) < line_height * 1.15
            && lines >= drafts[at].items.len() + 5;
        if !is_plain {
            continue;
        }
        let is_at = |other: &Rect| (other.middle().1 - rect.middle().1).abs() < line_height;
        let others = || rects.iter().filter(|other| !is_at(other));
        let gap_below = others().map(|other| other.top).fold(f64::MAX, f64::min) - rect.bottom;
        let gap_above = rect.top - others().map(|other| other.bottom).fold(f64::MIN, f64::max);
        let gap = line_height * if is_page_number(page, items, &drafts[at]) { 0.8 } else { 1.2 };
        let (_, middle) = rect.middle();
        if gap_below > gap && middle < all.top + line_height && middle < height * 0.12 {
            drafts[at].kind = BlockKind::Header;
        } else if gap_above > gap && middle > all.bottom - line_height && middle > height * 0.88 {
            drafts[at].kind = BlockKind::Footer;
        }
    }
}

/// Says whether a block's first or last word is a number, or a Roman one.
fn is_page_number(page: &PageContent, items: &[Item<'_>], draft: &Draft) -> bool {
    let Some(line) = first_line(items, draft) else { return false };
    let is_number = |text: &str| {
        let text = text.trim_matches(|c: char| !c.is_alphanumeric());
        !text.is_empty()
            && (text.bytes().all(|b| b.is_ascii_digit()) || text.bytes().all(|b| b"ivxlcIVXLC".contains(&b)))
    };
    [word(page, line, 0), word(page, line, line.words.len() - 1)].into_iter().flatten().any(is_number)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{column, page_of};
    use crate::{BlockKind, layout::analyse};

    #[test]
    fn kinds_are_told_by_size_place_and_start() {
        let line = |text: &str, left: u32, top: u32, height: u32| (text.to_owned(), left, top, height);
        let mut lines = vec![line("The Weather 17", 100, 60, 20), line("A Storm at Sea", 100, 140, 44)];
        lines.extend(column("first", 100, 230, 5));
        lines.push(line("2.1 Measurements", 100, 420, 20));
        lines.extend(column("second", 100, 480, 4));
        let entries = ["• wind from the west", "• rain", "1. in the morning", "2. at night", "- 3 degrees only once"];
        for (at, text) in (0..).zip(entries) {
            lines.push(line(text, if at == 2 || at == 3 { 160 } else { 100 }, 640 + 30 * at, 20));
        }
        lines.push(line("– 17 –", 550, 1500, 20));
        let mut page = page_of(&lines);
        analyse(&mut page, &[]);
        let kinds: Vec<(BlockKind, u8)> = page.blocks.iter().map(|block| (block.kind, block.level)).collect();
        let want = [
            (BlockKind::Header, 0),
            (BlockKind::Heading, 1),
            (BlockKind::Paragraph, 0),
            (BlockKind::Heading, 2),
            (BlockKind::Paragraph, 0),
            (BlockKind::ListItem, 1),
            (BlockKind::ListItem, 1),
            (BlockKind::ListItem, 2),
            (BlockKind::ListItem, 2),
            (BlockKind::Paragraph, 0),
            (BlockKind::Footer, 0),
        ];
        assert_eq!(kinds, want);
    }

    #[test]
    fn a_page_of_prose_has_nothing_but_paragraphs() {
        let mut page = page_of(&column("prose", 100, 100, 30));
        analyse(&mut page, &[]);
        assert!(page.blocks.iter().all(|block| block.kind == BlockKind::Paragraph));
    }
}
