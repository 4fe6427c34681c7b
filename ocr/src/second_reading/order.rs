use untxt_page::Word;

use super::vote::shared_part;

/// Puts chosen words into reading order and counts their lines and blocks anew.
///
/// Where the first reading found most of them, its order stays (it knows columns), and what is new joins the line
/// it stands in or becomes a line of its own; else words are read row by row, as a receipt or form is.
pub(crate) fn order_words(chosen: Vec<Word>, first: &[Word]) -> Vec<Word> {
    const KNOWS_THE_PAGE: f64 = 0.5;
    let places: Vec<Option<usize>> = chosen.iter().map(|word| find_place(word, first)).collect();
    let known = places.iter().flatten().count();
    if (known as f64) < KNOWS_THE_PAGE * chosen.len() as f64 {
        return order_rows(chosen);
    }
    let mut lines: Vec<Line> = Vec::new();
    let (old, new): (Vec<_>, Vec<_>) = chosen.into_iter().zip(places).partition(|(_, place)| place.is_some());
    let mut old: Vec<(Word, usize)> = old.into_iter().filter_map(|(word, place)| Some((word, place?))).collect();
    old.sort_by_key(|(_, place)| *place);
    for (word, place) in old {
        let (line, block) = (first[place].line, first[place].block);
        match lines.iter_mut().find(|l| l.number == line && l.block == block) {
            Some(found) => found.push(word),
            None => lines.push(Line::new(word, line, block)),
        }
    }
    for (word, _) in new {
        insert(&mut lines, word);
    }
    number(lines)
}

fn find_place(word: &Word, first: &[Word]) -> Option<usize> {
    const SAME: f64 = 0.5;
    let shared = first.iter().enumerate().map(|(place, other)| (place, shared_part(word, other)));
    let best = shared.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (best.1 >= SAME).then_some(best.0)
}

/// Words that stand in one line.
#[derive(Debug)]
struct Line {
    words: Vec<Word>,
    top: u32,
    bottom: u32,
    /// Line and block in the first reading.
    number: u32,
    block: u32,
}

impl Line {
    fn new(word: Word, number: u32, block: u32) -> Self {
        Self { top: word.bounds[1], bottom: word.bounds[3], words: vec![word], number, block }
    }

    fn push(&mut self, word: Word) {
        self.top = self.top.min(word.bounds[1]);
        self.bottom = self.bottom.max(word.bounds[3]);
        self.words.push(word);
    }

    fn holds(&self, word: &Word) -> bool {
        let middle = u32::midpoint(word.bounds[1], word.bounds[3]);
        (self.top..self.bottom).contains(&middle)
    }

    fn height(&self) -> u32 {
        self.bottom - self.top
    }

    /// Says whether the word is not further from the line than two of its heights.
    fn is_near(&self, word: &Word) -> bool {
        let reach = 2 * self.height();
        self.words.iter().any(|own| {
            word.bounds[0] <= own.bounds[2].saturating_add(reach)
                && own.bounds[0] <= word.bounds[2].saturating_add(reach)
        })
    }
}

/// Puts a word that the first reading missed into the line it stands in, else behind the last line above it.
fn insert(lines: &mut Vec<Line>, word: Word) {
    if let Some(line) = lines.iter_mut().find(|line| line.holds(&word) && line.is_near(&word)) {
        return line.push(word);
    }
    let above = lines.iter().rposition(|line| line.bottom <= word.bounds[3] && line.is_near(&word));
    let at = above.map_or(0, |place| place + 1);
    // a block of its own: no line of the first reading has this number
    lines.insert(at, Line::new(word, u32::MAX, u32::MAX));
}

/// Reads words row by row from top to bottom, each from left to right.
fn order_rows(mut words: Vec<Word>) -> Vec<Word> {
    words.sort_by_key(|word| (word.bounds[1] + word.bounds[3], word.bounds[0]));
    let mut rows: Vec<Line> = Vec::new();
    for word in words {
        let recent = rows.len().saturating_sub(4);
        match rows[recent..].iter_mut().find(|row| {
            let first = &row.words[0].bounds;
            (first[1]..first[3]).contains(&u32::midpoint(word.bounds[1], word.bounds[3]))
        }) {
            Some(row) => row.push(word),
            None => rows.push(Line::new(word, 0, 0)),
        }
    }
    // a gap of more than a line parts blocks
    let mut block = 0;
    for index in 1..rows.len() {
        let gap = rows[index].top.saturating_sub(rows[index - 1].bottom);
        if gap > rows[index].height().max(rows[index - 1].height()) {
            block += 1;
        }
        rows[index].block = block;
    }
    number(rows)
}

fn number(mut lines: Vec<Line>) -> Vec<Word> {
    let mut words = Vec::new();
    let mut block = 0;
    for index in 0..lines.len() {
        if index > 0 && (lines[index].block != lines[index - 1].block || lines[index].block == u32::MAX) {
            block += 1;
        }
        lines[index].words.sort_by_key(|word| word.bounds[0]);
        let line = u32::try_from(index).unwrap_or(u32::MAX);
        words.extend(lines[index].words.drain(..).map(|word| Word { line, block, ..word }));
    }
    words
}
