use super::{lines::Line, rect::Rect};
use crate::PageContent;

/// Puts the value of a form behind its label, where the engine read a column of labels and a column of values: one
/// line for both; says whether there were any. Several labels must stand below each other, so that no column of prose is torn.
pub(super) fn join_values(page: &PageContent, lines: &mut Vec<Line>, rects: &[Rect], line_height: f64) -> bool {
    let labels: Vec<usize> = (0..lines.len()).filter(|&at| is_label(page, &lines[at], line_height)).collect();
    if !(MIN_LABELS..MAX_LABELS).contains(&labels.len()) {
        return false;
    }
    let is_below = |a: &Line, b: &Line| (a.rect.left - b.rect.left).abs() < line_height;
    let is_in_form = |&label: &usize| {
        let same = labels.iter().filter(|&&other| is_below(&lines[other], &lines[label])).count();
        let all = lines.iter().filter(|other| is_below(other, &lines[label])).count();
        same >= MIN_LABELS && same * 3 >= all
    };
    let pairs: Vec<(usize, usize)> = labels
        .iter()
        .copied()
        .filter(is_in_form)
        .filter_map(|label| Some((label, value_of(lines, label, line_height)?)))
        .filter(|(_, value)| !labels.contains(value))
        .collect();
    if pairs.len() < MIN_LABELS {
        return false;
    }
    let mut taken = Vec::new();
    for (label, value) in pairs {
        if taken.contains(&value) {
            continue;
        }
        let words = lines[label].words.iter().chain(&lines[value].words).copied().collect();
        lines[label] = Line { block: lines[label].block, ..Line::new(page, rects, words) };
        taken.push(value);
    }
    let mut at = 0;
    lines.retain(|_| {
        at += 1;
        !taken.contains(&(at - 1))
    });
    true
}

/// Fewer are chance.
const MIN_LABELS: usize = 3;
/// More labels than a form has: each is compared with all lines.
const MAX_LABELS: usize = 300;

fn is_label(page: &PageContent, line: &Line, line_height: f64) -> bool {
    let last = line.words.last().map(|&word| page.words[word].text.as_str());
    line.words.len() <= 5 && line.rect.width() < line_height * 14.0 && last.is_some_and(|last| last.ends_with(':'))
}

/// Finds the line that stands next to the right of a label.
fn value_of(lines: &[Line], label: usize, line_height: f64) -> Option<usize> {
    let rect = lines[label].rect;
    let is_beside = |&other: &usize| {
        let other = lines[other].rect;
        other.left >= rect.right
            && other.left - rect.right < line_height * 20.0
            && (other.middle().1 - rect.middle().1).abs() < line_height * 0.5
    };
    (0..lines.len()).filter(is_beside).min_by(|&a, &b| lines[a].rect.left.total_cmp(&lines[b].rect.left))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Text, column, page_of, texts};
    use crate::layout::analyse;

    #[test]
    fn values_follow_their_labels() {
        let line = |text: &str, left: u32, top: u32| (text.to_owned(), left, top, 20);
        let labels = ["NAME:", "STATION:", "DATE:", "KEPT BY:"];
        let values = ["Ann Other", "North Bank", "August 3", "Olsen & Carter"];
        let mut lines: Vec<Text> = (0..).zip(labels).map(|(at, text)| line(text, 100, 100 + 60 * at)).collect();
        lines.extend((0..).zip(values).map(|(at, text)| line(text, 400, 100 + 60 * at)));
        lines.push(line("101 Harbour Street", 400, 310));
        let mut page = page_of(&lines);
        analyse(&mut page, &[]);
        let want = "NAME: Ann Other STATION: North Bank DATE: August 3 KEPT BY: Olsen & Carter 101 Harbour Street";
        assert_eq!(texts(&page).join(" "), want);
        assert!(page.text.starts_with("NAME: Ann Other\n"), "{}", page.text);
    }

    #[test]
    fn a_line_of_prose_that_ends_in_a_colon_is_no_label() {
        let (mut left, right) = (column("left", 100, 100, 12), column("right", 620, 100, 12));
        for at in [2, 5, 8] {
            left[at].0 = "said he:".into();
        }
        let lines = [left, right].concat();
        let mut page = page_of(&lines);
        analyse(&mut page, &[]);
        assert_eq!(texts(&page), texts(&page_of(&lines)));
    }
}
