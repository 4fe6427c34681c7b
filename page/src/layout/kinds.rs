use super::{
    Item,
    lines::Line,
    paragraphs::{Draft, height_of},
    rect::{Rect, around_all, median},
};
use crate::{BULLETS, BlockKind, MISREAD_BULLETS, PageContent};

/// Finds headings, list entries, headers and footers among the paragraphs.
pub(super) fn find(page: &PageContent, items: &[Item<'_>], drafts: &mut [Draft], line_height: f64) {
    if drafts.len() > MAX_BLOCKS {
        return;
    }
    find_lists(page, items, drafts, line_height);
    find_margins(page, items, drafts, line_height);
    find_headings(page, items, drafts, line_height);
}

/// More blocks than a page has: some are compared with all others.
const MAX_BLOCKS: usize = 2000;

fn rect_of(items: &[Item<'_>], draft: &Draft) -> Rect {
    around_all(draft.items.iter().map(|&item| items[item].rect()))
}

fn first_line<'a>(items: &[Item<'a>], draft: &Draft) -> Option<&'a Line> {
    match items[draft.items[0]] {
        Item::Line(line) => Some(line),
        Item::Table(_) => None,
    }
}

fn word<'a>(page: &'a PageContent, line: &Line, place: usize) -> Option<&'a str> {
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
            _ => None,
        };
    }
    let count = first.strip_suffix(['.', ')'])?.trim_start_matches('(');
    let single = count.chars().next().filter(|_| count.chars().count() == 1);
    match (count.parse::<u32>(), single) {
        (Ok(number), _) if number <= 200 => Some(Start::Count(number)),
        (_, Some(letter)) if letter.is_ascii_lowercase() => Some(Start::Count(u32::from(letter) - u32::from('a') + 1)),
        _ => None,
    }
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

/// Marks headings: short, no larger part of a paragraph, and set off by size, or by a number or capitals with gaps
/// around them.
fn find_headings(page: &PageContent, items: &[Item<'_>], drafts: &mut [Draft], line_height: f64) {
    let mut sizes: Vec<f64> = Vec::new();
    let mut found: Vec<(usize, f64)> = Vec::new();
    for at in 0..drafts.len() {
        let draft = &drafts[at];
        let size = height_of(items, draft);
        let Some(line) = first_line(items, draft) else { continue };
        let words: Vec<&str> = text_of(page, items, draft);
        let letters = words.iter().flat_map(|word| word.chars()).filter(|c| c.is_alphabetic()).count();
        let is_numbered_list = draft.kind == BlockKind::ListItem && !is_heading_number(page, line);
        let is_short = draft.items.len() <= 3 && words.len() <= 20 && letters >= 3 && letters * 2 > letters_of(&words);
        if matches!(draft.kind, BlockKind::Header | BlockKind::Footer | BlockKind::Table)
            || !is_short
            || is_numbered_list
        {
            continue;
        }
        // a line of several words is measured several times
        let is_large = size > line_height * if words.len() > 1 { 1.16 } else { 1.3 };
        let is_open = words.last().is_some_and(|word| !word.ends_with(['.', ',', ';', ':']));
        let is_marked = is_heading_number(page, line) || is_capitals(&words);
        let is_set_off = draft.items.len() == 1 && is_open && is_marked && has_gaps(items, drafts, at, line_height);
        if is_large && is_open && has_body(items, drafts, size) || is_set_off {
            let size = if is_large { size } else { line_height };
            found.push((at, size));
            sizes.push(size);
        }
    }
    sizes.sort_by(|a, b| b.total_cmp(a));
    // sizes that differ by less are the same, measured twice
    sizes.dedup_by(|smaller, larger| *smaller > *larger * 0.92);
    for (at, size) in found {
        let rank = sizes.iter().filter(|other| size < **other * 0.92).count() + 1;
        drafts[at].kind = BlockKind::Heading;
        drafts[at].level = u8::try_from(rank.min(6)).unwrap_or(6);
    }
}

fn text_of<'a>(page: &'a PageContent, items: &[Item<'_>], draft: &Draft) -> Vec<&'a str> {
    let lines = draft.items.iter().filter_map(|&item| match items[item] {
        Item::Line(line) => Some(line),
        Item::Table(_) => None,
    });
    lines.flat_map(|line| line.words.iter().map(|&word| page.words[word].text.as_str())).collect()
}

fn letters_of(words: &[&str]) -> usize {
    words.iter().map(|word| word.chars().count()).sum()
}

/// Says whether there is text that is smaller than a heading: a page of large print has none.
fn has_body(items: &[Item<'_>], drafts: &[Draft], size: f64) -> bool {
    let smaller = drafts.iter().filter(|draft| draft.kind != BlockKind::Table && height_of(items, draft) < size / 1.12);
    smaller.map(|draft| draft.items.len()).sum::<usize>() >= 2
}

/// Says whether a line begins with `2.1` or the like and goes on with a capital.
fn is_heading_number(page: &PageContent, line: &Line) -> bool {
    let Some(number) = word(page, line, 0) else { return false };
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.trim_end_matches('.').contains('.')
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && number.split('.').all(|part| part.len() <= 2);
    is_number && word(page, line, 1).is_some_and(|next| next.starts_with(char::is_uppercase))
}

fn is_capitals(words: &[&str]) -> bool {
    let mut letters = words.iter().flat_map(|word| word.chars()).filter(|c| c.is_alphabetic());
    letters.clone().count() >= 4 && letters.all(|letter| !letter.is_lowercase())
}

/// Says whether white space sets a block off from what is above and below it in its column.
fn has_gaps(items: &[Item<'_>], drafts: &[Draft], at: usize, line_height: f64) -> bool {
    let rect = rect_of(items, &drafts[at]);
    let near = |other: Option<&Draft>| {
        other.filter(|other| other.group == drafts[at].group).map(|other| rect_of(items, other))
    };
    let above = at.checked_sub(1).and_then(|before| near(drafts.get(before)));
    let below = near(drafts.get(at + 1));
    let usual = median([line_height * 0.6]);
    above.is_none_or(|above| rect.top - above.bottom > usual)
        && below.is_some_and(|below| below.top - rect.bottom > line_height * 0.3)
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
