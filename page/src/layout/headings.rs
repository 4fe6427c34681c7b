use super::{
    Item,
    kinds::{first_line, rect_of, word},
    lines::Line,
    paragraphs::{Draft, height_of, is_byline},
};
use crate::{BlockKind, PageContent, PageKind};

/// Marks headings: short, no larger part of a paragraph, and set off by size, or by a number, capitals or gaps.
pub(super) fn find(page: &PageContent, items: &[Item<'_>], drafts: &mut [Draft], line_height: f64) {
    let has_prose = has_prose(page, items, drafts);
    let blocks = Blocks { page, items, drafts, line_height, has_prose };
    let found: Vec<(usize, f64)> =
        (0..drafts.len()).filter_map(|at| blocks.heading_size(at).map(|size| (at, size))).collect();
    let mut sizes: Vec<f64> = found.iter().map(|(_, size)| *size).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    // sizes that differ by less are the same, measured twice
    sizes.dedup_by(|smaller, larger| *smaller > *larger * 0.92);
    for (at, size) in found {
        let rank = sizes.iter().filter(|other| size < **other * 0.92).count() + 1;
        drafts[at].kind = BlockKind::Heading;
        drafts[at].level = u8::try_from(rank.min(6)).unwrap_or(6);
    }
}

/// The blocks of a page, among which headings are looked for.
struct Blocks<'a> {
    page: &'a PageContent,
    items: &'a [Item<'a>],
    drafts: &'a [Draft],
    line_height: f64,
    /// See [`has_prose`].
    has_prose: bool,
}

impl Blocks<'_> {
    /// Gives the size of a heading, in pixels; `None` for a block that is none.
    fn heading_size(&self, at: usize) -> Option<f64> {
        let &Self { page, items, drafts, line_height, has_prose } = self;
        let draft = &drafts[at];
        let line = first_line(items, draft)?;
        let words: Vec<&str> = text_of(page, items, draft);
        let letters = words.iter().flat_map(|word| word.chars()).filter(|c| c.is_alphabetic()).count();
        let is_short = draft.items.len() <= 3 && words.len() <= 20 && letters >= 3 && letters * 2 > letters_of(&words);
        let is_text = match draft.kind {
            BlockKind::Header | BlockKind::Footer | BlockKind::Table => false,
            BlockKind::ListItem => is_heading_number(page, line),
            BlockKind::Paragraph | BlockKind::Heading => true,
        };
        let is_open = words.last().is_some_and(|word| !word.ends_with(['.', ',', ';', ':']));
        let labels = words.iter().filter(|word| word.ends_with(':')).count();
        let is_label = labels > usize::from(has_prose) || words.first().is_some_and(|word| word.ends_with(':'));
        if !is_text || !is_short || !is_open || is_label || self.has_wide_gap(at) {
            return None;
        }
        let size = height_of(items, draft);
        if size > line_height * self.least_size(at, words.len()) && has_body(items, drafts, size) && self.is_legible(at)
        {
            return Some(size);
        }
        let is_marked = || is_heading_number(page, line) || is_capitals(&words);
        let is_set_off =
            || is_marked() && has_gaps(items, drafts, at, line_height) || self.is_title_of_prose(at, &words);
        (has_prose && draft.items.len() == 1 && is_set_off()).then_some(line_height)
    }

    /// Says whether words stand as far apart as the labels of a form do.
    fn has_wide_gap(&self, at: usize) -> bool {
        let line = first_line(self.items, &self.drafts[at]);
        let places = line.map_or(&[][..], |line| line.words.as_slice());
        let bounds = |word: usize| self.page.words[word].bounds;
        let gap = |pair: &[usize]| f64::from(bounds(pair[1])[0].saturating_sub(bounds(pair[0])[2]));
        // the number of a heading may stand apart
        places.windows(2).skip(1).any(|pair| gap(pair) > line.map_or(0.0, |line| line.height) * 2.5)
    }

    /// Gives how much larger than running text a heading is.
    fn least_size(&self, at: usize, words: usize) -> f64 {
        let is_believed = self.has_prose || words >= 3 && self.is_at_top(at);
        // a line of several words is measured several times
        match (is_believed, words) {
            (true, 2..) => 1.16,
            (true, _) if self.is_exact() || self.is_above_prose(at) => 1.3,
            _ if self.has_prose || self.is_exact() => 1.8,
            _ => 2.5,
        }
    }

    /// Says whether sizes are known, not measured in a picture.
    fn is_exact(&self) -> bool {
        matches!(self.page.kind, PageKind::BornDigital)
    }

    /// Says whether a block was read with some certainty: what is read in a drawing is large and means nothing.
    fn is_legible(&self, at: usize) -> bool {
        const LEAST_CONFIDENCE: f32 = 0.5;
        let line = first_line(self.items, &self.drafts[at]);
        let words = line.map_or(&[][..], |line| line.words.as_slice());
        let sum: f32 = words.iter().map(|&word| self.page.words[word].confidence).sum();
        self.is_exact() || sum >= words.len() as f32 * LEAST_CONFIDENCE
    }

    /// Says whether a block stands alone in the upper third of the page.
    fn is_at_top(&self, at: usize) -> bool {
        let rect = rect_of(self.items, &self.drafts[at]);
        let is_beside = |other: &&Draft| {
            let other = rect_of(self.items, other);
            other.top < rect.bottom && other.bottom > rect.top
        };
        rect.bottom < f64::from(self.page.height) / 3.0 && self.drafts.iter().filter(is_beside).count() == 1
    }

    /// Says whether running text follows; a line such as `by Jane Doe` may stand between.
    fn is_above_prose(&self, at: usize) -> bool {
        let group = self.drafts[at].group;
        let is_byline = |draft: &&Draft| first_line(self.items, draft).is_some_and(|line| is_byline(self.page, line));
        let mut below = self.drafts[at + 1..].iter().take_while(|draft| draft.group == group).skip_while(is_byline);
        below.next().is_some_and(|draft| draft.kind == BlockKind::Paragraph && draft.items.len() >= 3)
    }

    /// Says whether a line in capitalised words, with a gap above, stands above running text.
    fn is_title_of_prose(&self, at: usize, words: &[&str]) -> bool {
        let long = || words.iter().filter(|word| word.chars().count() >= 4);
        let is_title =
            words.len() >= 3 && long().count() >= 2 && long().all(|word| word.starts_with(char::is_uppercase));
        let above = at.checked_sub(1).map(|before| &self.drafts[before]);
        let above = above.filter(|above| above.group == self.drafts[at].group).map(|above| rect_of(self.items, above));
        let top = rect_of(self.items, &self.drafts[at]).top;
        is_title && above.is_some_and(|above| top - above.bottom > self.line_height) && self.is_above_prose(at)
    }
}

/// Says whether a page has running text, or was written by a program that knows its sizes. On a form or receipt, what
/// is set in capitals is a label, and a little larger may be anything.
fn has_prose(page: &PageContent, items: &[Item<'_>], drafts: &[Draft]) -> bool {
    /// Words in paragraphs among all words of the page.
    const LEAST_SHARE: f64 = 0.4;
    /// Words in a paragraph, of two lines and more.
    const LEAST_WORDS: usize = 12;
    let words = |draft: &Draft| text_of(page, items, draft).len();
    let prose: usize =
        drafts.iter().filter(|draft| draft.items.len() >= 2).map(words).filter(|&count| count >= LEAST_WORDS).sum();
    matches!(page.kind, PageKind::BornDigital) || prose as f64 >= page.words.len() as f64 * LEAST_SHARE
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

/// Says whether there is text that is smaller than a heading: a page of large print has none. What is much larger
/// needs less text below it.
fn has_body(items: &[Item<'_>], drafts: &[Draft], size: f64) -> bool {
    let lines = |ratio: f64| {
        let is_smaller = |draft: &&Draft| draft.kind != BlockKind::Table && height_of(items, draft) < size / ratio;
        drafts.iter().filter(is_smaller).map(|draft| draft.items.len()).sum::<usize>()
    };
    lines(1.12) >= 2 || lines(1.35) >= 1
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
    above.is_none_or(|above| rect.top - above.bottom > line_height * 0.6)
        && below.is_some_and(|below| below.top - rect.bottom > line_height * 0.3)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Text, column, page_of};
    use crate::{BlockKind, PageContent, layout::analyse};

    fn headings(page: &mut PageContent) -> Vec<(String, u8)> {
        analyse(page, &[]);
        let blocks = page.words.chunk_by(|a, b| a.block == b.block);
        let headings = blocks.filter_map(|words| {
            let block = &page.blocks[words[0].block as usize];
            let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            (block.kind == BlockKind::Heading).then(|| (text.join(" "), block.level))
        });
        headings.collect()
    }

    fn line(text: &str, left: u32, top: u32, height: u32) -> Text {
        (text.to_owned(), left, top, height)
    }

    #[test]
    fn titles_of_one_size_are_one_only_where_they_stand_together() {
        let mut lines = vec![line("Report of the Year", 500, 60, 40), line("Overview", 100, 125, 40)];
        lines.extend(column("first", 100, 200, 5));
        // the engine made two paragraphs of it
        lines.extend([line("Listen to the voices", 100, 420, 32), line("of the experience", 100, 462, 32)]);
        lines.extend(column("second", 100, 540, 5));
        let found = headings(&mut page_of(&lines));
        let want = [("Report of the Year", 1), ("Overview", 1), ("Listen to the voices of the experience", 2)];
        assert_eq!(found, want.map(|(text, level)| (text.to_owned(), level)));
    }

    #[test]
    fn large_titles_of_two_sizes_are_two() {
        let mut lines = vec![line("Almanac", 100, 60, 96), line("Weather", 100, 170, 60)];
        lines.extend(column("first", 100, 300, 5));
        assert_eq!(headings(&mut page_of(&lines)), [("Almanac".to_owned(), 1), ("Weather".to_owned(), 2)]);
    }

    #[test]
    fn capitals_on_a_form_are_labels() {
        let labels = ["NAME", "HOME ADDRESS", "CITY", "HOME PHONE", "BUSINESS PHONE", "NEAREST AIRPORT"];
        let mut lines = vec![line("Weather Station Entry Form", 300, 60, 30)];
        lines.extend((0..).zip(labels).map(|(at, text)| line(text, 100, 160 + 70 * at, 20)));
        lines.push(line("To: Ann From: Ben", 100, 640, 30));
        assert_eq!(headings(&mut page_of(&lines)), [("Weather Station Entry Form".to_owned(), 1)]);
    }

    #[test]
    fn a_title_in_the_size_of_the_text_is_known_by_its_place() {
        let mut lines = column("before", 100, 100, 6);
        lines.extend([line("The Kind Raven and the Fisherman", 100, 330, 20), line("by Ann Other", 100, 360, 20)]);
        lines.extend(column("after", 100, 430, 6));
        assert_eq!(headings(&mut page_of(&lines)), [("The Kind Raven and the Fisherman".to_owned(), 1)]);
    }

    #[test]
    fn a_page_with_a_title_and_one_line_has_a_heading() {
        let mut lines = vec![line("Second page here", 100, 60, 40), line("Nothing else is to be seen.", 100, 140, 20)];
        assert_eq!(headings(&mut page_of(&lines)), [("Second page here".to_owned(), 1)]);
        // what was read in a drawing is none
        lines[0].0 = "C25) iene 7 Enter".into();
        let mut page = page_of(&lines);
        page.words.iter_mut().take(4).for_each(|word| word.confidence = 0.1);
        assert_eq!(headings(&mut page), []);
    }
}
