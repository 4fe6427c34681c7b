use super::{
    lines::Line,
    rect::{Rect, around_all},
};
use crate::PageContent;

/// Words without a wide gap between them.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) words: Vec<usize>,
    pub(super) rect: Rect,
}

/// What stands at one height of the page, from left to right.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) pieces: Vec<Piece>,
    pub(super) middle: f64,
}

impl Row {
    /// Lists the stretches between its pieces, from left to right.
    pub(super) fn gaps(&self) -> Vec<(f64, f64)> {
        self.pieces.windows(2).map(|pair| (pair[0].rect.right, pair[1].rect.left)).collect()
    }

    /// Says whether the row is one piece that stands across columns.
    pub(super) fn crosses(&self, gaps: &[(f64, f64)]) -> bool {
        let is_across = |rect: Rect| gaps.iter().any(|gap| rect.left < gap.0 && rect.right > gap.1);
        matches!(self.pieces.as_slice(), [piece] if is_across(piece.rect))
    }
}

/// Puts lines that stand at one height into rows, and splits these at gaps.
pub(super) fn find_rows(page: &PageContent, lines: &[Line], words: &[Rect], line_height: f64, gap: f64) -> Vec<Row> {
    let mut lines: Vec<&Line> = lines.iter().collect();
    lines.sort_by(|a, b| a.rect.middle().1.total_cmp(&b.rect.middle().1));
    let mut rows: Vec<(f64, Vec<usize>)> = Vec::new();
    for line in lines {
        let middle = line.rect.middle().1;
        match rows.last_mut() {
            Some((first, row)) if middle - *first < line_height * 0.5 => row.extend(&line.words),
            _ => rows.push((middle, line.words.clone())),
        }
    }
    rows.into_iter().map(|(middle, row)| Row { pieces: split(page, row, words, gap), middle }).collect()
}

/// Splits a row at gaps; spaces between words are narrower. What a rule was read as goes with its neighbour.
fn split(page: &PageContent, mut row: Vec<usize>, words: &[Rect], gap: f64) -> Vec<Piece> {
    row.sort_by(|a, b| words[*a].left.total_cmp(&words[*b].left));
    let is_speck = |word: usize| page.words[word].text.chars().all(|c| matches!(c, '|' | '¦' | '!' | '_'));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut specks: Vec<usize> = Vec::new();
    for word in row {
        match pieces.last_mut() {
            _ if is_speck(word) => specks.push(word),
            Some(piece) if words[word].left - piece.rect.right < gap => {
                piece.words.append(&mut specks);
                piece.words.push(word);
                piece.rect = piece.rect.around(words[word]);
            }
            _ => {
                specks.push(word);
                pieces.push(Piece { words: std::mem::take(&mut specks), rect: words[word] });
            }
        }
    }
    match pieces.last_mut() {
        Some(piece) => piece.words.append(&mut specks),
        None if !specks.is_empty() => {
            let rect = around_all(specks.iter().map(|&word| words[word]));
            pieces.push(Piece { words: specks, rect });
        }
        None => {}
    }
    pieces
}
