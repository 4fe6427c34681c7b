use super::{lines::Line, rect::Rect};
use crate::{BULLETS, PageContent};

/// Puts a bullet or number that was read as a line of its own before the entry that it belongs to: the line at its
/// height that begins right of it. Whoever made the list set it in another size or a little lower, and so it came apart.
pub(super) fn join(page: &PageContent, lines: &mut Vec<Line>, rects: &[Rect], line_height: f64) {
    let markers: Vec<usize> = (0..lines.len()).filter(|&at| is_marker(page, &lines[at])).collect();
    if markers.len() > MAX_MARKERS {
        return;
    }
    let mut joined = Vec::new();
    for &marker in &markers {
        let rect = lines[marker].rect;
        let is_entry = |&at: &usize| {
            let other = lines[at].rect;
            let (gap, height) = (other.left - rect.right, lines[at].height.max(line_height));
            at != marker
                && !markers.contains(&at)
                && (-height * 0.2..height * FURTHEST).contains(&gap)
                && (other.middle().1 - rect.middle().1).abs() < height * 0.5
        };
        let nearest = (0..lines.len())
            .filter(is_entry)
            .min_by(|&a, &b| lines[a].rect.left.total_cmp(&lines[b].rect.left))
            .filter(|&at| is_text(page, &lines[at]));
        if let Some(entry) = nearest {
            let mut words = lines[marker].words.clone();
            words.extend(&lines[entry].words);
            let block = lines[entry].block;
            lines[entry] = Line { block, height: lines[entry].height, ..Line::new(page, rects, words) };
            joined.push(marker);
        }
    }
    let mut at = 0;
    lines.retain(|_| {
        at += 1;
        !joined.contains(&(at - 1))
    });
}

/// More markers than a page has: each is compared with all lines.
const MAX_MARKERS: usize = 300;
/// How far an entry may begin from its bullet, as a fraction of its height.
const FURTHEST: f64 = 3.5;

fn is_marker(page: &PageContent, line: &Line) -> bool {
    let [word] = line.words[..] else { return false };
    let text = page.words[word].text.as_str();
    let is_bullet = text.chars().count() == 1 && text.contains(BULLETS);
    let number = text.strip_suffix(['.', ')']).unwrap_or(text).trim_start_matches('(');
    is_bullet || number.len() <= 2 && number.parse::<u32>().is_ok()
}

/// Says whether a line holds more than numbers.
fn is_text(page: &PageContent, line: &Line) -> bool {
    line.words.iter().any(|&word| page.words[word].text.chars().filter(|c| c.is_alphabetic()).count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{column, page_of};
    use crate::{BlockKind, layout::analyse};

    #[test]
    fn a_bullet_that_stands_apart_begins_its_entry() {
        let mut lines = column("prose", 100, 100, 6);
        let line = |text: &str, left: u32, top: u32, height: u32| (text.to_owned(), left, top, height);
        for (at, text) in (0..).zip(["Order new gauze", "Check the gauge", "Sign the contract"]) {
            lines.extend([line(text, 140, 330 + 30 * at, 20), line("•", 100, 336 + 30 * at, 10)]);
        }
        for (at, (number, text)) in (0..).zip([("1", "First do this"), ("2", "Then do that")]) {
            lines.extend([line(text, 140, 450 + 30 * at, 20), line(number, 104, 452 + 30 * at, 22)]);
        }
        let mut page = page_of(&lines);
        analyse(&mut page, &[]);
        assert!(page.blocks[1..].iter().all(|block| block.kind == BlockKind::ListItem), "{:?}", page.blocks);
        assert!(
            page.text.ends_with(
                "• Order new gauze\n\n• Check the gauge\n\n• Sign the contract\n\n1 First do this\n\n2 Then do that\n"
            ),
            "{}",
            page.text
        );
    }
}
