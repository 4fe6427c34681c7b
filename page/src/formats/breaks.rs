use super::lines::{BlockWords, blocks, bounds_of};
use crate::{BlockKind, PageContent, Word};

/// Width of the text in each column of a page, in pixels: where a line could have gone on to.
pub(super) struct Measures(Vec<u32>);

impl Measures {
    pub(super) fn of(page: &PageContent) -> Self {
        let mut widths = Vec::new();
        for block in blocks(page) {
            let Some(at) = block.block.filter(|block| block.kind == BlockKind::Paragraph) else { continue };
            let column = at.column.min(MAX_COLUMNS) as usize;
            if widths.len() <= column {
                widths.resize(column + 1, 0);
            }
            widths[column] = block.lines().map(width_of).fold(widths[column], u32::max);
        }
        Self(widths)
    }

    /// Splits the words of a paragraph into lines that stay lines: all of its words when it is running text, each line
    /// of an address, a verse or a receipt.
    pub(super) fn split<'a>(&self, block: BlockWords<'a>) -> Vec<&'a [Word]> {
        let lines: Vec<&[Word]> = block.lines().collect();
        let column = block.block.map(|block| block.column.min(MAX_COLUMNS) as usize);
        let is_text = block
            .block
            .is_some_and(|block| matches!(block.kind, BlockKind::Paragraph | BlockKind::Header | BlockKind::Footer));
        let measure = column.and_then(|column| self.0.get(column)).copied().unwrap_or(0);
        if !is_text || lines.len() < 2 || is_prose(&lines, measure) {
            return vec![block.words];
        }
        // what goes on in the middle of a sentence is no line of its own
        let width = lines.iter().map(|line| width_of(line)).max().unwrap_or(0);
        let mut at = 0;
        let is_one = |a: &Word, b: &Word| {
            if a.line == b.line {
                return true;
            }
            at += 1;
            goes_on(a, b) && (a.text.ends_with(HYPHENS) || !has_room(lines[at - 1], lines[at], width))
        };
        block.words.chunk_by(is_one).collect()
    }
}

/// What parts a word at the end of a line.
const HYPHENS: [char; 4] = ['-', '\u{2010}', '\u{ad}', '¬'];
/// More columns than a page can show: a value that says so is not believed.
const MAX_COLUMNS: u32 = 100;

fn width_of(line: &[Word]) -> u32 {
    let [left, _, right, _] = bounds_of(line);
    right.saturating_sub(left)
}

/// Says whether lines end where the next word had no room, or in the middle of a sentence.
fn is_prose(lines: &[&[Word]], measure: u32) -> bool {
    let own = lines.iter().map(|line| width_of(line)).max().unwrap_or(0);
    // the longer one of two lines says nothing
    let width = if lines.len() == 2 { own.max(measure) } else { own };
    let is_open = |pair: &&[&[Word]]| goes_on(&pair[0][pair[0].len() - 1], &pair[1][0]);
    let breaks = lines.len() - 1;
    let loose = lines.windows(2).filter(|pair| has_room(pair[0], pair[1], width)).count();
    let open = lines.windows(2).filter(is_open).count();
    let labels = lines.iter().filter(|line| line[line.len() - 1].text.ends_with(':')).count();
    let is_cased = lines.iter().flat_map(|line| line.iter()).any(|word| word.text.contains(char::is_lowercase));
    let is_narrow = own < measure / 2;
    // no line of a paragraph goes on in small letters: an address, or a script without any
    let is_full = if open == 0 && is_cased { loose == 0 && !is_narrow } else { loose * 3 <= breaks };
    let rows = lines.iter().filter(|line| has_wide_gap(line)).count();
    labels * 3 < lines.len()
        && rows * 2 < lines.len()
        && (is_full || open * 2 >= breaks && loose * 4 < breaks * 3 || open == breaks)
}

/// Says whether a line is a row of pieces.
fn has_wide_gap(line: &[Word]) -> bool {
    let [_, top, _, bottom] = bounds_of(line);
    let gap = |pair: &[Word]| pair[1].bounds[0].saturating_sub(pair[0].bounds[2]);
    line.windows(2).any(|pair| gap(pair) > bottom.saturating_sub(top) * 4)
}

/// Says whether the first word of the next line had room at the end of a line.
fn has_room(line: &[Word], next: &[Word], width: u32) -> bool {
    let [_, top, _, bottom] = bounds_of(line);
    let space = bottom.saturating_sub(top) / 2;
    width_of(line) + space + width_of(&next[..1]) < width
}

/// Says whether a word goes on in the middle of a sentence, as far as letters tell.
fn goes_on(last: &Word, next: &Word) -> bool {
    let is_address = next.text.contains('@') || next.text.starts_with("www.") || next.text.starts_with("http");
    next.text.starts_with(char::is_lowercase) && !is_address && !last.text.ends_with(['.', '!', '?', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    /// Splits a paragraph on a page with a line of so many letters.
    fn split(lines: &[&str], measure: usize) -> Vec<String> {
        let wide = "x".repeat(measure);
        let mut words = Vec::new();
        for (line, text) in (0..).zip(lines.iter().copied().chain([wide.as_str()])) {
            let mut left = 0;
            for text in text.split(' ') {
                let right = left + 10 * u32::try_from(text.chars().count()).unwrap();
                let block = u32::from(line == lines.len());
                let (line, bounds) = (u32::try_from(line).unwrap(), [left, 0, right, 20]);
                if !text.is_empty() {
                    words.push(Word { text: text.into(), bounds, line, block, ..Word::default() });
                }
                left = right + 10;
            }
        }
        let page = PageContent { words, blocks: vec![Block::default(); 2], ..PageContent::default() };
        let block = blocks(&page).next().unwrap();
        let texts = |words: &[Word]| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        Measures::of(&page).split(block).into_iter().map(texts).collect()
    }

    #[test]
    fn lines_of_an_address_stay_lines() {
        let address = ["Carter, Olsen & Brown", "Ann Other", "101 Harbour Street, Suite 22", "Port West 9411"];
        assert_eq!(split(&address, 60), address);
        // lines that are as long by chance
        let contact = ["Ann Other Olsen", "ann@example.com", "www.example.com"];
        assert_eq!(split(&contact, 60), contact);
        // a row of pieces
        assert_eq!(split(&["Sum           9.50", "Cash"], 10), ["Sum 9.50", "Cash"]);
        assert_eq!(split(&["Cashier: Ann", "Table 12"], 40), ["Cashier: Ann", "Table 12"]);
        assert_eq!(
            split(&["Rain gauges and baro-", "meters", "Wind", "Sun"], 40),
            ["Rain gauges and baro- meters", "Wind", "Sun"]
        );
    }

    #[test]
    fn running_text_flows() {
        let ragged =
            ["The keeper reads the instruments", "in the morning, before any boat", "Olsen leaves. Then he goes."];
        let narrow = ["The keeper reads", "all instruments", "in the morning."];
        for lines in [&ragged[..], &narrow, &["Here two lines of text are", "one sentence."]] {
            assert_eq!(split(lines, 60), [lines.join(" ")]);
        }
        // two lines as wide as the column
        assert_eq!(split(&["Nobody went there with Ann", "Other."], 28).len(), 1);
    }
}
